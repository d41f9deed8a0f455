import { Command, Flags } from '@oclif/core';
import { format, sessionName } from '../flags.ts';
import { formatOf } from '../output-format.ts';

/** Some minutes at a round trip that is no longer usable. */
const COUNT_MAX = 10_000;

export class DiagnoseLatency extends Command {
  static override summary = "Measure round trips through a session's whole path.";
  static override description = 'From this machine to the agent and back, one after the other.';
  static override examples = [
    '<%= config.bin %> diagnose latency',
    '<%= config.bin %> diagnose latency --count 1000 --json',
  ];
  static override flags = {
    count: Flags.integer({ default: 100, min: 1, max: COUNT_MAX, helpValue: 'N', description: 'how many' }),
    name: sessionName({ default: 'default', description: 'name of the session' }),
    ...format,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(DiagnoseLatency);
    const { runLatency } = await import('../latency.ts');
    await runLatency(flags.name, flags.count, formatOf(flags));
  }
}
