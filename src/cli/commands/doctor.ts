import { Command, Flags } from '@oclif/core';
import { configFile, format, sessionName, verbose } from '../flags.ts';
import { formatOf } from '../output-format.ts';

export class Doctor extends Command {
  static override summary = 'Check everything a session needs and say how to fix what is missing.';
  static override description =
    'Kernel, tools, DNS, kubeconfig, rights in the cluster, and the way to the agent. It changes nothing on the machine ' +
    'or in the cluster. Exits with 7 when a check fails; a session also runs with warnings.';
  static override examples = [
    '<%= config.bin %> doctor',
    { description: 'Include what only root can see:', command: 'sudo <%= config.bin %> doctor' },
    '<%= config.bin %> doctor --context staging -n shop --json',
  ];
  static override flags = {
    namespace: Flags.string({
      char: 'n',
      aliases: ['target-namespace'],
      helpValue: 'NAMESPACE',
      description: 'namespace of the target',
    }),
    context: Flags.string({
      aliases: ['kube-context'],
      helpValue: 'CONTEXT',
      description: "context (default: the kubeconfig's current one)",
    }),
    kubeconfig: Flags.string({ helpValue: 'PATH', description: 'kubeconfig file, or several joined by colons' }),
    'accept-invalid-certificates': Flags.boolean({
      char: 'c',
      description: "do not verify the API server's certificate",
    }),
    'config-file': configFile(),
    name: sessionName({ default: 'default', description: 'name of the session whose round trip is measured' }),
    verbose,
    ...format,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    if (flags.verbose) (await import('../output.ts')).showVerbose();
    const { runDoctor } = await import('../doctor.ts');
    await runDoctor(flags, flags.name, formatOf(flags));
  }
}
