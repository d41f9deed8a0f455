import { Command, Flags } from '@oclif/core';
import { sessionName } from '../flags.ts';

export class Logs extends Command {
  static override summary = "Print a session's log.";
  static override description = 'Each line starts with the time of day. The file itself has JSON lines.';
  static override examples = [
    '<%= config.bin %> logs',
    { description: 'Follow the log until Ctrl-C:', command: '<%= config.bin %> logs -f' },
  ];
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'follow the log' }),
    name: sessionName({ default: 'default', description: 'name of the session' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Logs);
    const { runLogs } = await import('../logs.ts');
    await runLogs(flags.name, flags.follow);
  }
}
