import { Command, Flags } from '@oclif/core';
import { ENVIRONMENT_FORMATS } from '../../environment/index.ts';
import { sessionName } from '../flags.ts';

export class Env extends Command {
  static override summary = "Print the target's environment.";
  static override description =
    "The variables of the target's container and its process, after feature.env is applied. " +
    'Variables that the format cannot hold are left out and named on standard error.';
  static override examples = [
    { description: 'A file for other tools:', command: '<%= config.bin %> env > .env' },
    { description: 'Into this shell:', command: 'eval "$(<%= config.bin %> env --format shell)"' },
    {
      description: 'Into a container:',
      command: '<%= config.bin %> env --format docker > env && docker run --env-file env IMAGE',
    },
  ];
  static override flags = {
    format: Flags.option({ options: [...ENVIRONMENT_FORMATS, 'yaml'] as const })({
      char: 'o',
      aliases: ['output'],
      default: 'dotenv',
      description: 'output format',
    }),
    name: sessionName({ default: 'default', description: 'name of the session' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Env);
    const { runEnv } = await import('../env.ts');
    await runEnv(flags.name, flags.format);
  }
}
