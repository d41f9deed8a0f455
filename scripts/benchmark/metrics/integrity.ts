/** A gigabyte both ways, with SHA-256: 1 when what arrived is what was sent. */
import { join } from 'node:path';
import { service } from '../../sandbox/addresses.ts';
import { patternDigest } from '../../sandbox/services/pattern.ts';
import type { Metric } from '../metric.ts';

const BYTES = 1_000_000_000;
const DEADLINE_MS = 120_000;

export const INTEGRITY: Metric = {
  name: 'integrity',
  rows: [
    { key: 'integrity-up', title: '1 GB up, SHA-256 equal', unit: '' },
    { key: 'integrity-down', title: '1 GB down, SHA-256 equal', unit: '' },
  ],
  paths: ['M'],
  async measure(path) {
    const expected = `${BYTES} ${patternDigest(BYTES)}`;
    const program = join(import.meta.dirname, '../../sandbox/bulk-client.ts');
    const equal = async (direction: string): Promise<number> => {
      const args = [program, direction, service(5).v4, String(BYTES)];
      const { stdout } = await path.client.run(process.execPath, args, { timeoutMs: DEADLINE_MS });
      return stdout.trim() === expected ? 1 : 0;
    };
    return { 'integrity-up': await equal('up'), 'integrity-down': await equal('down') };
  },
};
