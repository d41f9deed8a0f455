import { Command, Flags } from '@oclif/core';
import { json, sessionName } from '../flags.ts';

export class Down extends Command {
  static override summary = 'End a session and put the machine back as it was.';
  static override description = 'Also cleans up after a session that was killed. Nothing to end is no error.';
  static override examples = [
    '<%= config.bin %> down',
    '<%= config.bin %> down --name staging',
    '<%= config.bin %> down --all',
  ];
  static override flags = {
    name: sessionName({ description: 'name of the session (default: default)', exclusive: ['all'] }),
    all: Flags.boolean({ description: 'end every session, and remove the agents of killed ones from the cluster' }),
    json,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Down);
    const { runDown } = await import('../down.ts');
    await runDown(flags.all ? 'all' : [flags.name ?? 'default'], flags.json);
  }
}
