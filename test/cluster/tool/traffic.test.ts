import assert from 'node:assert/strict';
import { join } from 'node:path';
import { patternDigest } from '../../../scripts/sandbox/services/pattern.ts';
import { statuses, useSession } from '../support/session.ts';

const SUPPORT = join(import.meta.dirname, '../../netns/support');
const BULK_CLIENT = join(import.meta.dirname, '../../../scripts/sandbox/bulk-client.ts');

describe('mirrord up on Kubernetes, traffic', () => {
  const world = useSession();
  const node = (...args: (string | number)[]): Promise<string> => world.run(process.execPath, ...args.map(String));

  for (const direction of ['up', 'down']) {
    it(`200 MB arrive as they were sent, ${direction}`, async () => {
      const bytes = 200_000_000;
      const { stdout, stderr } = await world.developer.run(
        process.execPath,
        [BULK_CLIENT, direction, world.objects.services.web.v4, String(bytes)],
        { timeoutMs: 55_000 },
      );
      assert.equal(stdout, `${bytes} ${patternDigest(bytes)}\n`, stderr);
      const [status] = await statuses(world.developer);
      assert.ok(status && status.bytes[direction as 'up' | 'down'] >= bytes, JSON.stringify(status?.bytes));
    });
  }

  it('a half-closed flow gets its late answer, over IPv6 too', async () => {
    const answer = await node(BULK_CLIENT, 'up', world.objects.pods.web.v6, 1000);
    assert.equal(answer, `1000 ${patternDigest(1000)}\n`);
  });

  it('200 flows at once', async () => {
    const { v4 } = world.objects.services.web;
    assert.equal(await node(join(SUPPORT, 'many-flows.ts'), v4, 7, 200, 10_000), '200 of 200 right\n');
  });

  for (const family of ['v4', 'v6'] as const) {
    it(`datagrams of all sizes, IP${family}`, async () => {
      // A service over IPv4, so that the answer comes through the service's translation; a pod over IPv6.
      const { services, pods } = world.objects;
      const address = family === 'v4' ? services.web.v4 : pods.web.v6;
      const sizes = [1, 100, 1400, 1472, 1473, 9000, 65_000];
      assert.equal(await node(join(SUPPORT, 'udp-echo.ts'), address, 7, ...sizes), `ok ${sizes.length}\n`);
    });
  }
});
