import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { poll } from '../../netns/support/session.ts';
import { patternDigest } from '../../../scripts/sandbox/services/pattern.ts';
import type { Session } from '../../../scripts/sandbox/session.ts';
import type { SessionStatus } from '../../../src/control/protocol.ts';
import { kubectl, leftovers } from '../kube/support/cluster.ts';
import { cluster } from '../support/developer.ts';
import { statuses, useDeveloper } from '../support/session.ts';

const STEADY_FLOW = join(import.meta.dirname, '../support/steady-flow.ts');
const BULK_CLIENT = join(import.meta.dirname, '../../../scripts/sandbox/bulk-client.ts');
const BULK_BYTES = 50_000_000;
/** From the path being back to bytes again, where it failed with an error, and where it was silent. */
const RECOVERY_MS = 5_000;
const SILENT_RECOVERY_MS = 15_000;

describe('mirrord up on Kubernetes, on a bad day', function () {
  this.timeout(120_000);
  const world = useDeveloper();
  let session: Session;

  before(async () => {
    session = await world.developer.up(['-n', world.objects.away]).ready();
  });
  after(() => session?.end());

  async function status(): Promise<SessionStatus> {
    const [only] = await statuses(world.developer);
    assert.ok(only);
    return only;
  }

  /** The developer machine's own address on the cable to the node. */
  async function ownAddress(): Promise<string> {
    const { stdout } = await world.developer.run('ip', ['-4', '-o', 'address', 'show', 'cluster0']);
    return /inet ([\d.]+)\//.exec(stdout)?.[1] ?? '';
  }

  /** Puts a rule for what comes from this machine into the node's firewall; the function takes it out again. */
  function firewall(address: string, ...verdict: string[]): () => void {
    const rule = ['INPUT', '-s', address, '-p', 'tcp', '--dport', '6443', '-j', ...verdict];
    cluster(['exec', 'iptables', '-w', '-I', ...rule]);
    return () => cluster(['exec', 'iptables', '-w', '-D', ...rule]);
  }

  /** Carries a steady flow and a hashed transfer through `trouble`; resolves to the longest silence of the first. */
  async function through(trouble: () => Promise<void>): Promise<number> {
    const { developer, objects } = world;
    const { v4 } = objects.services.web;
    const steady = developer.machine.start(process.execPath, [STEADY_FLOW, v4, '7'], { as: 'developer' });
    const lines = createInterface({ input: steady.stdout });
    await once(lines, 'line');
    const transfer = developer.run(process.execPath, [BULK_CLIENT, 'up', v4, String(BULK_BYTES)], {
      timeoutMs: 90_000,
    });
    await delay(300);
    await trouble();
    const { stdout, stderr } = await transfer;
    assert.equal(stdout, `${BULK_BYTES} ${patternDigest(BULK_BYTES)}\n`, stderr);
    const last = once(lines, 'line');
    steady.stdin.end();
    const [summary] = (await last) as [string];
    assert.match(summary, /^\d+ in order, longest silence \d+$/);
    return Number(/\d+$/.exec(summary)?.[0]);
  }

  it('a cut connection costs a moment, and no byte', async () => {
    const { resumes } = (await status()).transport;
    const address = await ownAddress();
    const silence = await through(async () => {
      const remove = firewall(address, 'REJECT', '--reject-with', 'tcp-reset');
      await delay(500);
      remove();
    });
    assert.ok(silence < RECOVERY_MS, `${silence} ms`);
    assert.ok((await status()).transport.resumes > resumes);
  });

  for (const seconds of [5, 20]) {
    it(`packets swallowed for ${seconds} s cost no byte`, async () => {
      const address = await ownAddress();
      const silence = await through(async () => {
        const remove = firewall(address, 'DROP');
        await delay(seconds * 1_000);
        remove();
      });
      assert.ok(silence < seconds * 1_000 + SILENT_RECOVERY_MS, `${silence} ms`);
      assert.equal((await status()).state, 'ready');
    });
  }

  it('another address and default route cost no byte', async () => {
    const { developer } = world;
    const old = await ownAddress();
    const net = old.replace(/\.\d+$/, '');
    const change = (from: string, to: string): Promise<unknown> =>
      developer.run(
        'sh',
        [
          '-ec',
          `ip addr del ${from}/24 dev cluster0; ip addr add ${to}/24 dev cluster0; ip route add default via ${net}.1`,
        ],
        { as: 'root' },
      );
    try {
      const silence = await through(async () => void (await change(old, `${net}.77`)));
      assert.ok(silence < SILENT_RECOVERY_MS, `${silence} ms`);
    } finally {
      await change(`${net}.77`, old);
    }
  });

  it('an agent that is deleted is replaced: routes and DNS stay, old flows are reset, new ones work', async () => {
    const { developer, objects } = world;
    const before = await status();
    const steady = developer.machine.start(process.execPath, [STEADY_FLOW, objects.services.web.v4, '7'], {
      as: 'developer',
    });
    const lines = createInterface({ input: steady.stdout });
    await once(lines, 'line');
    const ended = once(lines, 'line');
    kubectl(['delete', before.agent?.name ?? '', '-n', objects.away, '--wait=false']);
    assert.match(String(await ended), /ECONNRESET/);
    await poll(
      async () => {
        const now = await status();
        return now.state === 'ready' && now.agent?.name !== before.agent?.name;
      },
      'another agent is there',
      30_000,
    );
    const { tun, routes } = await status();
    assert.deepEqual({ tun, routes }, { tun: before.tun, routes: before.routes });
    const { stdout, stderr } = await developer.run('curl', ['-sS', '-m', '10', `http://web.${objects.home}:8080/`]);
    assert.match(stdout, /^web-/, stderr);
    await poll(
      () => leftovers(objects.away).filter((name) => name.startsWith('job')).length === 1,
      'one Job is there',
      15_000,
    );
  });
});
