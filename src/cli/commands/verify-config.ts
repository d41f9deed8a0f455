import { Args, Command, Flags } from '@oclif/core';
import { FORMATS } from '../output-format.ts';

export class VerifyConfig extends Command {
  static override summary = 'Check a configuration file without a cluster.';
  static override description =
    'Prints one JSON object, {"type": "Success", ...} or {"type": "Fail", "errors": [...]}, and exits with 0 either way, ' +
    'as editors expect. Use -o table to read it yourself, --exit-code for CI.';
  static override examples = [
    '<%= config.bin %> verify-config .mirrord/mirrord.json',
    '<%= config.bin %> verify-config --resolved mirrord.toml',
    { description: 'In CI:', command: '<%= config.bin %> verify-config --exit-code -o table mirrord.json' },
  ];
  static override args = {
    file: Args.string({ required: true, description: 'path of the file; - reads standard input' }),
  };
  static override flags = {
    resolved: Flags.boolean({ description: 'add the configuration with every default filled in' }),
    'exit-code': Flags.boolean({ description: 'exit with 7 when the file is wrong' }),
    output: Flags.option({ options: FORMATS })({ char: 'o', default: 'json', description: 'output format' }),
    // The default, said aloud.
    json: Flags.boolean({ hidden: true, exclusive: ['output'] }),
    // How editors' plugins call: the target may still be chosen in a dialog, which is never held against a file here.
    ide: Flags.boolean({ hidden: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VerifyConfig);
    const { runVerifyConfig } = await import('../verify-config.ts');
    await runVerifyConfig(args.file, { resolved: flags.resolved, format: flags.output, exitCode: flags['exit-code'] });
  }
}
