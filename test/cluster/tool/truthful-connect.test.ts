import assert from 'node:assert/strict';
import { join } from 'node:path';
import { cluster } from '../support/developer.ts';
import { useSession } from '../support/session.ts';

const DIAL = join(import.meta.dirname, '../../netns/support/dial.ts');
const FILTERED_PORT = 9999;

describe('mirrord up on Kubernetes, connect tells the truth', () => {
  const world = useSession();

  /** What the program's own call gave, and after how many milliseconds. */
  async function dial(protocol: 'tcp' | 'udp', address: string, port: number): Promise<[string, number]> {
    const output = await world.run(process.execPath, DIAL, protocol, address, String(port));
    const [result = '', milliseconds] = output.trim().split(' ');
    return [result, Number(milliseconds)];
  }

  for (const family of ['v4', 'v6'] as const) {
    it(`an open port connects, IP${family}`, async () => {
      assert.equal((await dial('tcp', world.objects.services.web[family], 8080))[0], 'connected');
    });

    it(`a closed port of a pod is ECONNREFUSED at once, IP${family}`, async () => {
      const [result, milliseconds] = await dial('tcp', world.objects.pods.web[family], 4444);
      assert.equal(result, 'ECONNREFUSED');
      assert.ok(milliseconds < 1_000, `${milliseconds} ms`);
    });

    it(`a service's port behind which nobody listens is ECONNREFUSED, IP${family}`, async () => {
      assert.equal((await dial('tcp', world.objects.services.web[family], 81))[0], 'ECONNREFUSED');
    });

    it(`a service without pods is ECONNREFUSED, IP${family}`, async () => {
      assert.equal((await dial('tcp', world.objects.services.empty[family], 8080))[0], 'ECONNREFUSED');
    });

    it(`a closed UDP port is ECONNREFUSED on a connected socket, IP${family}`, async () => {
      assert.equal((await dial('udp', world.objects.pods.web[family], 4444))[0], 'ECONNREFUSED');
    });
  }

  it('a pod that is not there is EHOSTUNREACH', async () => {
    assert.equal((await dial('tcp', '10.244.0.253', 80))[0], 'EHOSTUNREACH');
  });

  it('a filtered port stays silent', async () => {
    const { v4 } = world.objects.pods.web;
    const rule = ['FORWARD', '-d', v4, '-p', 'tcp', '--dport', String(FILTERED_PORT), '-j', 'DROP'];
    cluster(['exec', 'iptables', '-w', '-I', ...rule]);
    try {
      assert.equal((await dial('tcp', v4, FILTERED_PORT))[0], 'silence');
    } finally {
      cluster(['exec', 'iptables', '-w', '-D', ...rule]);
    }
  });
});
