import { Command, Flags } from '@oclif/core';
import { allNamespaces, format, sessionName } from '../flags.ts';
import { formatOf } from '../output-format.ts';

export class Status extends Command {
  static override summary = 'Show what is up: cluster, routes, DNS, flows.';
  static override description =
    "Shows the sessions of this network namespace. Of other users' sessions it shows only the name and the user.";
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch',
    '<%= config.bin %> status --json',
    {
      description: 'In a script, before what needs the cluster:',
      command: '<%= config.bin %> status --wait --timeout 30',
    },
  ];
  static override flags = {
    name: sessionName({ description: 'only this session' }),
    'all-namespaces': allNamespaces,
    watch: Flags.boolean({
      description: 'show one session live until it ends; with -o json, one line per update',
      exclusive: ['all-namespaces'],
    }),
    wait: Flags.boolean({ description: 'wait until the session is ready; fail if that takes too long' }),
    timeout: Flags.integer({ default: 60, min: 0, helpValue: 'SECONDS', description: 'how long --wait waits' }),
    ...format,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    if (flags.wait) {
      const { waitUntilReady } = await import('../wait.ts');
      await waitUntilReady(flags.name ?? 'default', flags.timeout);
    }
    if (flags.watch) {
      const { runWatch } = await import('../watch.ts');
      return runWatch(flags.name ?? 'default', formatOf(flags));
    }
    const { runStatus } = await import('../status.ts');
    await runStatus(flags.name, { allNamespaces: flags['all-namespaces'], format: formatOf(flags) });
  }
}
