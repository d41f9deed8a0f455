import { Command, Flags } from '@oclif/core';
import { Doctor } from './doctor.ts';

const { verbose: _verbose, output: _output, json: _json, name, ...cluster } = Doctor.flags;

export class Report extends Command {
  static override summary = 'Write one file to attach to a bug report: versions, doctor, status, log.';
  static override description =
    'The file holds no secrets, but it holds names and addresses of the cluster: read it before you attach it. Nothing is sent anywhere.';
  static override examples = [
    '<%= config.bin %> report',
    {
      description: 'Include what only root can see:',
      command: 'sudo <%= config.bin %> report --file /tmp/report.txt',
    },
  ];
  static override flags = {
    ...cluster,
    name,
    file: Flags.string({ helpValue: 'PATH', description: 'a new file (default: in this folder)' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Report);
    const { runReport } = await import('../report.ts');
    await runReport({ version: this.config.userAgent, doctor: flags, name: flags.name, file: flags.file });
  }
}
