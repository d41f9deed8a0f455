import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up, UDP', () => {
  const world = useSession();
  const tftpServer = join(import.meta.dirname, '../support/tftp-server.ts');
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

  for (const [family, address] of Object.entries(service(4))) {
    it(`TFTP: the server answers from another port (${family})`, async () => {
      const size = 40_000;
      const server = world.sandbox.cluster.start(process.execPath, [tftpServer, address, `${size}`]);
      try {
        await once(server.stdout, 'data');
        const host = family === 'v6' ? `[${address}]` : address;
        const got = await world.shell(`curl -sS --max-time 10 tftp://${host}/file`);
        assert.ok(got === Buffer.alloc(size, 'tftp ').toString(), `${got.length} bytes`);
        if (family === 'v4') {
          const line = `busybox tftp -g -r file -l - ${address} | wc -c`;
          assert.equal(await world.shell(line), `${size}\n`);
        }
      } finally {
        server.kill();
      }
    });
  }

  it('nc talks UDP', async () => {
    assert.equal(await world.shell(`echo hello | nc -u -w 1 ${service(4).v4} 7`), 'hello\n');
  });
});
