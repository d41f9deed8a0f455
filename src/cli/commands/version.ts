import { Command } from '@oclif/core';

export class Version extends Command {
  static override summary = 'Print the version.';
  static override description = 'The same as --version: of mirrord, this machine and Node.';
  static override examples = ['<%= config.bin %> version'];

  async run(): Promise<void> {
    await this.parse(Version);
    const { out } = await import('../output.ts');
    out.line(this.config.userAgent);
  }
}
