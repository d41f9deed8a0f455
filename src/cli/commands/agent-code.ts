import { Command, Flags } from '@oclif/core';

export class AgentCode extends Command {
  static override summary = "Print the agent's code.";
  static override description =
    "What runs in the cluster is a small loader, which stands in the pod's spec, and this code, whose SHA-256 stands there, too: " +
    'the loader runs no other.';
  static override examples = [
    '<%= config.bin %> agent-code | sha256sum',
    {
      description: 'What a pod was told to run:',
      command: 'kubectl get pod POD -o yaml | grep "$(<%= config.bin %> agent-code --sha256)"',
    },
  ];
  static override flags = {
    sha256: Flags.boolean({ description: 'only its SHA-256, in hex' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AgentCode);
    const { runAgentCode } = await import('../agent-code.ts');
    await runAgentCode(flags.sha256);
  }
}
