import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ABSENT_POD, FILTERED_PORT, service } from '../../../scripts/sandbox/addresses.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up, connect tells the truth', () => {
  const world = useSession();
  const program = join(import.meta.dirname, '../support/dial.ts');

  /** What the program's own call gave, and after how many milliseconds. */
  async function dial(protocol: 'tcp' | 'udp', address: string, port: number): Promise<[string, number]> {
    const { stdout, stderr } = await world.sandbox.developer.run(process.execPath, [
      program,
      protocol,
      address,
      String(port),
    ]);
    const [result = stderr, milliseconds] = stdout.trim().split(' ');
    return [result, Number(milliseconds)];
  }

  it('an open port connects', async () => {
    assert.equal((await dial('tcp', service(1).v4, 8080))[0], 'connected');
    assert.equal((await dial('tcp', service(1).v6, 8080))[0], 'connected');
  });

  it('a closed port is ECONNREFUSED, at once', async () => {
    for (const address of [service(1).v4, service(1).v6]) {
      const [result, milliseconds] = await dial('tcp', address, 81);
      assert.equal(result, 'ECONNREFUSED');
      assert.ok(milliseconds < 500, `${milliseconds} ms`);
    }
  });

  it('a closed UDP port is ECONNREFUSED on a connected socket', async () => {
    assert.equal((await dial('udp', service(4).v4, 8))[0], 'ECONNREFUSED');
    assert.equal((await dial('udp', service(4).v6, 8))[0], 'ECONNREFUSED');
  });

  it('a pod that is not there is EHOSTUNREACH', async () => {
    assert.equal((await dial('tcp', ABSENT_POD, 80))[0], 'EHOSTUNREACH');
  });

  it('a range without a route is EHOSTUNREACH', async () => {
    assert.equal((await dial('tcp', '10.244.99.7', 80))[0], 'EHOSTUNREACH');
  });

  it('a filtered port stays silent, as the firewall wants it', async () => {
    assert.equal((await dial('tcp', service(1).v4, FILTERED_PORT))[0], 'silence');
  });

  it('a pod that is not there answers no ping', async () => {
    const { code } = await world.sandbox.developer.run('ping', ['-c', '1', '-W', '2', ABSENT_POD]);
    assert.notEqual(code, 0);
  });
});
