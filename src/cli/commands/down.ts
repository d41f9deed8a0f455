import { Command, Flags } from '@oclif/core';
import { allNamespaces, configFile, format, sessionName, verbose } from '../flags.ts';
import { formatOf } from '../output-format.ts';

export class Down extends Command {
  static override summary = 'End a session and put the machine back as it was.';
  static override description =
    'Also cleans up after a session that was killed. If nothing is up, that is not an error.';
  static override examples = [
    '<%= config.bin %> down',
    '<%= config.bin %> down --name staging',
    '<%= config.bin %> down --all',
    {
      description: 'Also remove what killed sessions left in another cluster:',
      command: '<%= config.bin %> down --all --context staging',
    },
  ];
  static override flags = {
    name: sessionName({ description: 'name of the session (default: default)', exclusive: ['all'] }),
    all: Flags.boolean({ description: 'end every session, and remove agents of killed sessions from the cluster' }),
    'all-namespaces': allNamespaces,
    namespace: Flags.string({
      char: 'n',
      aliases: ['target-namespace'],
      helpValue: 'NAMESPACE',
      description: 'search this namespace if you may not list Jobs in all namespaces',
      dependsOn: ['all'],
    }),
    context: Flags.string({
      aliases: ['kube-context'],
      helpValue: 'CONTEXT',
      description: "look in this context's cluster (default: the current one)",
      dependsOn: ['all'],
    }),
    kubeconfig: Flags.string({ helpValue: 'PATH', description: 'kubeconfig of that context', dependsOn: ['all'] }),
    'config-file': configFile({ dependsOn: ['all'] }),
    verbose,
    ...format,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Down);
    if (flags.verbose) (await import('../output.ts')).showVerbose();
    const { runDown } = await import('../down.ts');
    const { namespace, context, kubeconfig } = flags;
    await runDown({
      name: flags.all ? undefined : (flags.name ?? 'default'),
      allNamespaces: flags['all-namespaces'],
      format: formatOf(flags),
      place: { namespace, context, kubeconfig, configFile: flags['config-file'] },
    });
  }
}
