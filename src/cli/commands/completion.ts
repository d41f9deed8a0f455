import { Args, Command } from '@oclif/core';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export class Completion extends Command {
  static override summary = 'Print a completion script for your shell.';
  static override examples = [
    { description: 'In ~/.bashrc:', command: 'source <(<%= config.bin %> completion bash)' },
    { description: 'In ~/.zshrc, after compinit:', command: 'source <(<%= config.bin %> completion zsh)' },
    {
      description: 'Once, for fish:',
      command: '<%= config.bin %> completion fish > ~/.config/fish/completions/<%= config.bin %>.fish',
    },
  ];
  static override args = {
    shell: Args.string({ required: true, options: SHELLS, description: 'the shell' }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    const shell = SHELLS.find((known) => known === args.shell)!;
    // The command table as oclif has it, since the table imports this file; an alias is listed once more.
    const commands = this.config.commands.filter(({ id, hiddenAliases }) => !hiddenAliases.includes(id));
    const table = Object.fromEntries(commands.map((command) => [command.id, command]));
    const { completion } = await import('../completion.ts');
    const { out } = await import('../output.ts');
    out.text(completion(shell, table));
  }
}
