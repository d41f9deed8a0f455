import { Command, Flags } from '@oclif/core';

export class AgentCode extends Command {
  static override summary = "Print the agent's code.";
  static override description =
    "The pod's spec contains a small loader and the SHA-256 of this code: the loader runs nothing else.";
  static override examples = [
    '<%= config.bin %> agent-code | sha256sum',
    {
      description: "What a pod's spec says:",
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
