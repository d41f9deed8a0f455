import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { V1Pod, V1PodList } from '@kubernetes/client-node';
import { dropNamespace, eventually, kubectl, kubectlJson, makeNamespace } from '../kube/support/cluster.ts';
import { statuses, useDeveloper } from '../support/session.ts';

const IMAGE = 'docker.io/library/node:24-slim';
const POD_READY_MS = 30_000;
/** From the successor's readiness to the first new flow from it, on a machine that does other things as well. */
const FOLLOWED_MS = 8_000;

describe('mirrord up on Kubernetes, with a target', () => {
  const world = useDeveloper();
  let namespace: string;

  before(async () => {
    namespace = await makeNamespace();
    kubectl(['create', 'deployment', 'app', '-n', namespace, `--image=${IMAGE}`, '--', ...sleeper()]);
    await eventually('the target is ready', () => ready().length === 1, POD_READY_MS);
  });
  after(() => dropNamespace(namespace));

  // Ends at once when asked to, so that a rollout does not wait for it.
  const sleeper = (): string[] => [
    'node',
    '-e',
    'process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1e6)',
  ];

  /** Pods of the target that are ready and stay. */
  function ready(): V1Pod[] {
    const { items } = kubectlJson(['get', 'pods', '-n', namespace, '-l', 'app=app']) as V1PodList;
    return items.filter(
      ({ metadata, status }) =>
        metadata?.deletionTimestamp === undefined &&
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
  }

  /** Who the server thinks is asking. */
  async function seenAs(): Promise<string> {
    const { developer, objects } = world;
    const { stdout } = await developer.run('curl', ['-sS', '-m', '2', `http://${objects.services.web.v4}:8080/`]);
    return / to ::ffff:([\d.]+):/.exec(stdout)?.[1] ?? stdout;
  }

  const forms: readonly string[] = [
    'deployment/app',
    'pod/POD',
    'pod/POD/container/node',
    'replicaset/SET',
    'label/app=app',
  ];
  for (const form of forms) {
    it(`traffic leaves from the pod of ${form}`, async () => {
      const { developer } = world;
      const [pod] = ready();
      const set = pod?.metadata?.ownerReferences?.[0]?.name ?? '';
      const target = form.replace('POD', pod?.metadata?.name ?? '').replace('SET', set);
      const session = await developer.up(['-n', namespace, '-t', target]).ready();
      assert.equal(await seenAs(), pod?.status?.podIP, session.output);
      const [status] = await statuses(developer);
      assert.equal(status?.target, target);
      assert.equal(status?.agent?.kind, 'ephemeral');
      await session.end();
    });
  }

  it('a target that is not there is refused, and the nearest offered', async () => {
    const { code, stderr } = await world.developer.mirrordRun(['up', '-n', namespace, '-t', 'deployment/appp'], {
      as: 'sudo',
    });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /appp/);
    assert.match(stderr, /\bapp\b/);
  });

  it('a rollout is followed: new flows leave from the successor, old ones are reset', async () => {
    const { developer, objects } = world;
    const session = await developer.up(['-n', namespace, '-t', 'deployment/app']).ready();
    const before = ready()[0]?.status?.podIP;
    assert.equal(await seenAs(), before);

    const idle = `const s = require('net').connect(7, '${objects.services.web.v4}', () => console.log('open'));
      s.on('error', (e) => console.log(e.code)).on('end', () => console.log('end'))`;
    const flow = developer.run(process.execPath, ['-e', idle], { timeoutMs: 60_000 });
    await delay(500);

    kubectl(['rollout', 'restart', 'deployment/app', '-n', namespace]);
    await eventually(
      'the successor is ready',
      () => ready().some(({ status }) => status?.podIP !== before),
      POD_READY_MS,
    );
    const readyAt = performance.now();
    const after = ready().find(({ status }) => status?.podIP !== before)?.status?.podIP;
    for (let now = ''; now !== after; now = await seenAs()) {
      assert.ok(performance.now() - readyAt < FOLLOWED_MS, `still ${now}, not ${after}\n${session.output}`);
      await delay(100);
    }
    assert.equal((await flow).stdout, 'open\nECONNRESET\n');
    const { stdout } = await developer.run('getent', ['ahosts', `web.${objects.home}`]);
    assert.match(stdout, new RegExp(`^${objects.services.web.v4} `, 'm'));
    const [status] = await statuses(developer);
    assert.equal(status?.state, 'ready');
    await session.end();
  });
});
