import assert from 'node:assert/strict';
import { HOME } from '../support/developer.ts';
import { statuses } from '../support/session.ts';
import { pod, service, workload } from './support/objects.ts';
import { addressesOf, assertSeenAs, nameOf, podsOf, useTargets, withSession } from './support/world.ts';

describe('mirrord up -t', () => {
  const world = useTargets(() => [
    workload('Deployment', 'web', { containers: ['istio-proxy', 'app'], workload: { replicas: 2 } }),
    workload('Deployment', 'annotated', {
      containers: ['one', 'two'],
      annotations: { 'kubectl.kubernetes.io/default-container': 'two' },
    }),
    workload('StatefulSet', 'store'),
    workload('DaemonSet', 'every'),
    workload('ReplicaSet', 'bare'),
    workload('Job', 'once'),
    service('front', 'store'),
    pod('host', { spec: { hostNetwork: true, terminationGracePeriodSeconds: 1 } }),
  ]);

  /** The target, the label of its pods, its container. */
  const forms: readonly (readonly [target: string, app: string, container: string])[] = [
    ['pod/store-0', 'store', 'app'],
    ['deploy/annotated', 'annotated', 'two'],
    ['deployment/annotated/container/one', 'annotated', 'one'],
    ['statefulset/store/container/app', 'store', 'app'],
    ['daemonset/every', 'every', 'app'],
    ['replicaset/bare', 'bare', 'app'],
    ['job/once', 'once', 'app'],
    ['service/front', 'store', 'app'],
    ['label/app=store', 'store', 'app'],
  ];
  for (const [target, app, container] of forms) {
    it(`${target}: traffic leaves from its pod, in both families`, async () => {
      const [expected] = podsOf(world.namespace, `app=${app}`);
      await withSession(world, ['-t', target], async ({ output }) => {
        await assertSeenAs(world, addressesOf(expected));
        const line = `✔ target    ${target} → pod ${nameOf(expected)} (container ${container}); traffic leaves from `;
        assert.ok(output.includes(line), output);
        assert.doesNotMatch(output, /^!/m);
        const [status] = await statuses(world.developer);
        assert.equal(status?.target, target);
        assert.equal(status.agent?.kind, 'ephemeral');
        assert.equal(status.agent.name, `pod/${nameOf(expected)}`);
      });
    });
  }

  it('guesses the container that is no sidecar, and says so', async () => {
    const addresses = podsOf(world.namespace, 'app=web').map(addressesOf);
    await withSession(world, ['-t', 'deployment/web'], async ({ output }) => {
      assert.match(
        output,
        /^✔ target {4}deployment\/web → pod web-\S+ \(container app\), 1 of 2; traffic leaves from /m,
      );
      assert.match(
        output,
        /^! note {6}web-\S+ has several containers; app was chosen \(choose another with \/container\/NAME\)\.$/m,
      );
      const leaves = /traffic leaves from (\S+), (\S+)$/m.exec(output)?.slice(1);
      assert.ok(
        addresses.some((each) => each.join() === leaves?.join()),
        output,
      );
      await assertSeenAs(world, leaves ?? []);
    });
  });

  it('takes path and namespace from the configuration file', async () => {
    const { developer, namespace } = world;
    const target = { path: 'statefulset/store', namespace };
    const file = developer.write(`${HOME}/target.json`, JSON.stringify({ target }));
    const session = developer.up(['-f', file]);
    try {
      await session.ready();
      await assertSeenAs(world, addressesOf(podsOf(namespace, 'app=store')[0]));
    } finally {
      await session.end();
    }
  });

  it('takes both from the environment', async () => {
    const { developer, namespace } = world;
    const env = { MIRRORD_IMPERSONATED_TARGET: 'pod/store-0', MIRRORD_TARGET_NAMESPACE: namespace };
    const session = developer.up([], { env });
    try {
      await session.ready();
      assert.match(session.output, /^✔ target {4}pod\/store-0 → pod store-0/m);
      await assertSeenAs(world, addressesOf(podsOf(namespace, 'app=store')[0]));
    } finally {
      await session.end();
    }
  });

  it("a pod with its node's network works, and this is said", async () => {
    const [node] = addressesOf(podsOf(world.namespace, 'app=host')[0]);
    await withSession(world, ['-t', 'pod/host'], async ({ output }) => {
      assert.match(output, /^! note {6}host has its node's network: its address and its ports are the node's\.$/m);
      assert.match(output, /^! note {6}host does not use the cluster's DNS/m);
      const { stdout } = await world.developer.run('curl', [
        '-s',
        '-m',
        '10',
        `http://${world.objects.pods.web.v4}:8080/`,
      ]);
      assert.match(stdout, /^web-/);
      assert.ok(output.includes(`traffic leaves from ${node}`), output);
    });
  });
});
