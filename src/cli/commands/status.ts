import { Command } from '@oclif/core';
import { json, sessionName } from '../flags.ts';

export class Status extends Command {
  static override summary = 'Show what is up: cluster, routes, DNS, flows.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json'];
  static override flags = {
    name: sessionName({ description: 'only this session' }),
    json,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const { runStatus } = await import('../status.ts');
    await runStatus(flags.name, flags.json);
  }
}
