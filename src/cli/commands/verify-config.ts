import { Args, Command, Flags } from '@oclif/core';

export class VerifyConfig extends Command {
  static override summary = 'Check a configuration file without a cluster.';
  static override description =
    'Prints one JSON object, {"type": "Success", ...} or {"type": "Fail", "errors": [...]}, and exits with 0 either way.';
  static override examples = [
    '<%= config.bin %> verify-config .mirrord/mirrord.json',
    '<%= config.bin %> verify-config --resolved mirrord.toml',
  ];
  static override args = {
    file: Args.string({ required: true, description: 'path of the file; - is standard input' }),
  };
  static override flags = {
    resolved: Flags.boolean({ description: 'add the configuration with every default filled in' }),
    // How editors' plugins call: the target may still be chosen in a dialog, which is never held against a file here.
    ide: Flags.boolean({ hidden: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VerifyConfig);
    const { verifyConfig } = await import('../../config/index.ts');
    const verification = await verifyConfig(args.file, {
      resolved: flags.resolved,
      env: process.env,
      cwd: process.cwd(),
      stdin: () => process.stdin,
    });
    const { out } = await import('../output.ts');
    out.json(verification);
  }
}
