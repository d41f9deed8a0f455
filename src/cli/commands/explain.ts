import { Args, Command } from '@oclif/core';
import { configFile, format, sessionName } from '../flags.ts';
import { formatOf } from '../output-format.ts';

export class Explain extends Command {
  static override summary = 'Say where a destination goes, and which rule decides.';
  static override description =
    'Asks the session, which resolves the name. With -f, only a configuration file is read.';
  static override examples = [
    '<%= config.bin %> explain payments.prod:5432',
    '<%= config.bin %> explain udp://10.96.0.10:53',
    { description: 'Without a session:', command: '<%= config.bin %> explain -f mirrord.json db.example.org' },
  ];
  static override args = {
    destination: Args.string({
      required: true,
      description: 'HOST, HOST:PORT, IP, URL, svc/NAME, tcp://HOST:PORT or udp://HOST:PORT',
    }),
  };
  static override flags = {
    'config-file': configFile(),
    name: sessionName({ default: 'default', description: 'name of the session' }),
    ...format,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain);
    const { runExplain } = await import('../explain.ts');
    await runExplain(args.destination, { file: flags['config-file'], session: flags.name, format: formatOf(flags) });
  }
}
