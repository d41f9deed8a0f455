import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { poll } from '../../netns/support/session.ts';
import { kubectl } from '../kube/support/cluster.ts';
import { pod } from './support/objects.ts';
import { printed, useTargets, withSession } from './support/world.ts';

const SESSIONS = 4;
/** Bytes of the pod's object for each agent that was ever in it: spec, status and managed fields. */
const AGENT_LIMIT = 2_500;
/** Once for a pod, with its first agent: who owns the list's fields, since when. */
const FIRST_EXTRA = 300;
/** From the goodbye to a container that has ended, as the kubelet tells it, ms. */
const ENDED_MS = 3_000;

const bundle = fileURLToPath(new URL('../../../dist/agent.cjs', import.meta.url));
const laden = (kilobytes: number): object => ({
  container: {
    env: Array.from({ length: kilobytes / 50 }, (_, index) => ({ name: `V${index}`, value: 'x'.repeat(50_000) })),
  },
});

describe('what targeted sessions leave in the pod', () => {
  const world = useTargets(() => [pod('often'), pod('laden', laden(300)), pod('full', laden(1_000))]);

  /** The object as the API server gives it, managed fields included. */
  const text = (name: string): string =>
    kubectl(['get', '--raw', `/api/v1/namespaces/${world.namespace}/pods/${name}`]);

  const agents = (name: string): V1ContainerStatus[] =>
    (JSON.parse(text(name)) as V1Pod).status?.ephemeralContainerStatuses ?? [];

  it(`at most ${AGENT_LIMIT} bytes of each agent, which ends with its session`, async () => {
    const sizes = [text('often').length];
    for (let session = 1; session <= SESSIONS; session++) {
      await withSession(world, ['-t', 'pod/often'], async () => {});
      const end = performance.now();
      await poll(
        () => agents('often').filter(({ state }) => state?.terminated !== undefined).length === session,
        'the agent has ended',
        ENDED_MS,
        () => JSON.stringify(agents('often')),
      );
      assert.ok(performance.now() - end < ENDED_MS);
      sizes.push(text('often').length);
    }
    const growth = sizes.slice(1).map((size, index) => size - (sizes[index] ?? 0));
    const told = `bytes, session after session: ${growth.join(', ')}`;
    for (const { state } of agents('often')) assert.equal(state?.terminated?.exitCode, 0, JSON.stringify(state));
    const [first = 0, ...others] = growth;
    assert.ok(Math.max(...others, first - FIRST_EXTRA) <= AGENT_LIMIT, told);
  }).timeout(120_000);

  it('the hash of the code that ran, which `mirrord agent-code` prints', async () => {
    const { spec } = JSON.parse(text('often')) as V1Pod;
    const code = await world.developer.mirrordRun(['agent-code']);
    const hash = createHash('sha256').update(code.stdout).digest('hex');
    assert.equal(code.stdout, readFileSync(bundle, 'utf8'));
    assert.equal((await world.developer.mirrordRun(['agent-code', '--sha256'])).stdout, `${hash}\n`);
    for (const { command } of spec?.ephemeralContainers ?? []) assert.ok(command?.includes(hash), String(command));
  });

  it('is told from 300 kB on', async () => {
    await withSession(world, ['-t', 'pod/laden'], async (session) => {
      await printed(
        session,
        /The object of pod laden has 30\d kB, .* adds 2\.5 kB .*from 1000 kB on no more are started/,
      );
    });
  });

  it('from 1000 kB on no more is added, and the pod is as it was', async () => {
    const { code, stderr } = await world.developer.mirrordRun(
      ['up', '--json', '-n', world.namespace, '-t', 'pod/full'],
      { as: 'sudo', timeoutMs: 30_000 },
    );
    assert.equal(code, 5, stderr);
    const { error } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as { error: Record<string, string> };
    assert.equal(error['code'], 'agent-pod-full');
    assert.match(error['message'] ?? '', /takes no more agents: its object has 10\d\d kB, and the limit is 1000 kB/);
    assert.match(error['help'] ?? '', /Delete the pod.*leave out -t/);
    assert.deepEqual(agents('full'), []);
    kubectl(['delete', 'pod', 'full', '-n', world.namespace, '--timeout=30s']);
  }).timeout(60_000);
});
