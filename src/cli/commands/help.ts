import { commands } from '@oclif/plugin-help';

/** Listed with our own commands, and bundled: a plugin that oclif looks for would cost every command its search. */
export class Help extends commands.help {
  static override summary = 'Show help for a command.';
  static override description = 'The same as the command with --help.';
  static override examples = ['<%= config.bin %> help up', '<%= config.bin %> help diagnose latency'];
}
