import { Command, Flags } from '@oclif/core';
import { configFile, format, verbose } from '../flags.ts';
import { formatOf } from '../output-format.ts';

export class Ls extends Command {
  static override summary = 'List the possible targets.';
  static override hiddenAliases = ['list'];
  static override examples = [
    '<%= config.bin %> ls',
    '<%= config.bin %> ls -n prod --kinds deployment,statefulset',
    { description: 'Find a name:', command: '<%= config.bin %> ls -A -t payments' },
    { description: 'For a script:', command: '<%= config.bin %> ls -o json' },
  ];
  static override flags = {
    target: Flags.string({
      char: 't',
      helpValue: 'TARGET',
      description: 'only this one: KIND/NAME, or a name of any kind',
    }),
    kinds: Flags.string({
      helpValue: 'KINDS',
      description: 'only these kinds, separated by commas: deployment, statefulset, pod, ...',
    }),
    namespace: Flags.string({
      char: 'n',
      aliases: ['target-namespace'],
      helpValue: 'NAMESPACE',
      description: 'namespace',
      exclusive: ['all-namespaces'],
    }),
    'all-namespaces': Flags.boolean({ char: 'A', description: 'all namespaces' }),
    context: Flags.string({
      aliases: ['kube-context'],
      helpValue: 'CONTEXT',
      description: "context (default: the kubeconfig's current one)",
    }),
    kubeconfig: Flags.string({ helpValue: 'PATH', description: 'kubeconfig file, or several joined by colons' }),
    'config-file': configFile(),
    verbose,
    ...format,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Ls);
    if (flags.verbose) (await import('../output.ts')).showVerbose();
    const { runLs } = await import('../ls.ts');
    await runLs({
      format: formatOf(flags),
      target: flags.target,
      kinds: flags.kinds,
      namespace: flags.namespace,
      allNamespaces: flags['all-namespaces'],
      context: flags.context,
      kubeconfig: flags.kubeconfig,
      configFile: flags['config-file'],
    });
  }
}
