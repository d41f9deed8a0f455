import { Command, Flags } from '@oclif/core';
import { configFile } from '../flags.ts';

export class Ls extends Command {
  static override summary = 'List what can be a target now.';
  static override hiddenAliases = ['list'];
  static override examples = [
    '<%= config.bin %> ls',
    '<%= config.bin %> ls -n prod -t deployment,statefulset',
    { description: 'For a script:', command: '<%= config.bin %> ls -o json' },
  ];
  static override flags = {
    output: Flags.option({ options: ['json', 'table'] as const })({
      char: 'o',
      description: 'json: an array of targets (default: a table on a terminal, else json)',
    }),
    kinds: Flags.string({
      char: 't',
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
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Ls);
    const { runLs } = await import('../ls.ts');
    await runLs({
      output: flags.output,
      kinds: flags.kinds,
      namespace: flags.namespace,
      allNamespaces: flags['all-namespaces'],
      context: flags.context,
      kubeconfig: flags.kubeconfig,
      configFile: flags['config-file'],
    });
  }
}
