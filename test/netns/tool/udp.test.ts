import assert from 'node:assert/strict';
import { join } from 'node:path';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up, UDP', () => {
  const world = useSession();
  const program = join(import.meta.dirname, '../support/udp-echo.ts');
  /** Around every limit: one segment, one MTU, two fragments, and the largest that UDP over IPv4 can carry. */
  const sizes = [1, 2, 511, 512, 1231, 1232, 1471, 1472, 1473, 2959, 2960, 2961, 8192, 16384, 40000, 65506, 65507];

  for (const [family, address] of Object.entries(service(4))) {
    it(`datagrams of 1 to 65,507 bytes come back whole (${family})`, async () => {
      assert.equal(
        await world.run(process.execPath, program, address, '7', ...sizes.map(String)),
        `ok ${sizes.length}\n`,
      );
    });
  }

  it('nc talks UDP', async () => {
    assert.equal(await world.shell(`echo hello | nc -u -w 1 ${service(4).v4} 7`), 'hello\n');
  });
});
