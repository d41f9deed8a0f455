import { Command } from '@oclif/core';
import { splitCommand } from '../exec-arguments.ts';
import { sessionName } from '../flags.ts';

export class Exec extends Command {
  static override summary = "Run a command with the target's environment.";
  static override description =
    "The command runs on this machine, as you, with the target's environment added to yours. It is in the cluster's network, like " +
    'every program. Signals and the exit code are passed through; 127 means not found, 126 cannot be run. ' +
    'Needs a session that is up. Root is not needed.';
  static override usage = ['exec [--name NAME] [--] COMMAND [ARGUMENT...]'];
  static override examples = [
    '<%= config.bin %> exec -- npm start',
    '<%= config.bin %> exec --name staging -- ./manage.py migrate',
  ];
  static override strict = false;
  static override flags = {
    name: sessionName({ default: 'default', description: 'name of the session' }),
  };

  async run(): Promise<void> {
    // Not oclif's argv, which brings words that occur twice out of order: `sh -c LINE sh`.
    const { own, command } = splitCommand(this.argv);
    const { flags } = await this.parse(Exec, [...own]);
    const { runExec } = await import('../exec.ts');
    await runExec(flags.name, command);
  }
}
