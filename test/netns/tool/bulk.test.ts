import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { patternDigest } from '../../../scripts/sandbox/services/pattern.ts';
import { statuses, useSession } from '../support/session.ts';

describe('mirrord up, a gigabyte', () => {
  const world = useSession();
  const program = join(import.meta.dirname, '../../../scripts/sandbox/bulk-client.ts');
  const bytes = 1_000_000_000;
  const expected = `${bytes} ${patternDigest(bytes)}\n`;

  for (const direction of ['up', 'down']) {
    it(`arrives as it was sent, ${direction}`, async () => {
      const { stdout, stderr } = await world.sandbox.developer.run(
        process.execPath,
        [program, direction, service(5).v4, String(bytes)],
        { timeoutMs: 80_000 },
      );
      assert.equal(stdout, expected, stderr);
    });
  }

  it('is counted', async () => {
    const [status] = await statuses(world.sandbox);
    assert.ok(status && status.bytes.up >= bytes && status.bytes.down >= bytes, JSON.stringify(status?.bytes));
  });

  it('leaves the session process at 250 MB or less', async () => {
    const [status] = await statuses(world.sandbox);
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${status?.pid}/status`, 'utf8'))?.[1];
    assert.ok(Number(kilobytes) <= 250_000, `${kilobytes} kB`);
  });
});
