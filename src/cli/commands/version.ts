import { Command } from '@oclif/core';
import { format } from '../flags.ts';
import { formatOf } from '../output-format.ts';

export class Version extends Command {
  static override summary = 'Print the version.';
  static override description = 'The same as --version: the versions of mirrord, this system and Node.';
  static override examples = ['<%= config.bin %> version', '<%= config.bin %> version -o json'];
  static override flags = { ...format };

  async run(): Promise<void> {
    const { flags } = await this.parse(Version);
    const { out } = await import('../output.ts');
    const { version, platform, arch, userAgent } = this.config;
    const facts = { version, platform: `${platform}-${arch}`, node: process.version };
    await out.answer(formatOf(flags), facts, () => `${userAgent}\n`);
  }
}
