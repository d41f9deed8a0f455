import { Command, Flags } from '@oclif/core';
import { allNamespaces, format, sessionName } from '../flags.ts';
import { formatOf } from '../output-format.ts';

export class Status extends Command {
  static override summary = 'Show what is up: cluster, routes, DNS, flows.';
  static override description =
    'Of the sessions that were started in this network namespace; those of other users are named, and no more.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch',
    '<%= config.bin %> status --json',
  ];
  static override flags = {
    name: sessionName({ description: 'only this session' }),
    'all-namespaces': allNamespaces,
    watch: Flags.boolean({
      description: 'show one session live, until it ends; with -o json, a line each time',
      exclusive: ['all-namespaces'],
    }),
    ...format,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    if (flags.watch) {
      const { runWatch } = await import('../watch.ts');
      return runWatch(flags.name ?? 'default', formatOf(flags));
    }
    const { runStatus } = await import('../status.ts');
    await runStatus(flags.name, { allNamespaces: flags['all-namespaces'], format: formatOf(flags) });
  }
}
