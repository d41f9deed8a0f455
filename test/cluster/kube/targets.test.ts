import assert from 'node:assert/strict';
import type { V1Pod } from '@kubernetes/client-node';
import type { Cluster } from '../../../src/kube/cluster.ts';
import type { PodTarget } from '../../../src/kube/targets/target.ts';
import { openCluster } from '../../support/bundled-kube.ts';
import {
  dropNamespace,
  echo,
  eventually,
  kubectl,
  kubectlJson,
  makeNamespace,
  program,
  request,
} from './support/cluster.ts';

/** Mocha limits each test; a deadline from here on would run while others do. */
const { signal } = new AbortController();
const quiet = (): void => {};
const TIMEOUT_MS = 30_000;

const container = (name: string): object => ({
  name,
  image: 'docker.io/library/busybox:1',
  imagePullPolicy: 'IfNotPresent',
  command: ['sh', '-c', 'trap exit TERM; sleep 100000 & wait'],
});

function workload(kind: string, name: string, containers: readonly string[] = ['app'], more: object = {}): object {
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      ...(kind === 'Job' ? {} : { selector: { matchLabels: { app: name } } }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      template: {
        metadata: { labels: { app: name }, ...more },
        spec: {
          containers: containers.map(container),
          terminationGracePeriodSeconds: 1,
          ...(kind === 'Job' ? { restartPolicy: 'Never' } : {}),
        },
      },
    },
  };
}

describe('targets', function () {
  this.timeout(90_000);
  let namespace: string;
  let cluster: Cluster;

  before(async () => {
    namespace = await makeNamespace();
    cluster = await openCluster({ namespace, cwd: process.cwd() });
    const objects = [
      workload('Deployment', 'web', ['istio-proxy', 'app']),
      workload('Deployment', 'annotated', ['one', 'two'], {
        annotations: { 'kubectl.kubernetes.io/default-container': 'two' },
      }),
      workload('StatefulSet', 'store'),
      workload('DaemonSet', 'every'),
      workload('ReplicaSet', 'bare'),
      workload('Job', 'once'),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'front' },
        spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'outside' },
        spec: { type: 'ExternalName', externalName: 'x.example' },
      },
    ];
    kubectl(['create', '-n', namespace, '-f', '-'], { apiVersion: 'v1', kind: 'List', items: objects });
    await eventually(
      'every pod is ready',
      () => {
        const { items } = kubectlJson(['get', 'pods', '-n', namespace]) as { items: V1Pod[] };
        return (
          items.length === 6 && items.every((pod) => pod.status?.containerStatuses?.every((status) => status.ready))
        );
      },
      60_000,
    );
  });
  after(() => {
    cluster.close();
    dropNamespace(namespace);
  });

  for (const target of [
    { kind: 'deployment', name: 'web' },
    { kind: 'statefulset', name: 'store' },
    { kind: 'daemonset', name: 'every' },
    { kind: 'replicaset', name: 'bare' },
    { kind: 'job', name: 'once' },
    { kind: 'pod', name: 'store-0' },
    { kind: 'service', name: 'front' },
    { kind: 'label', selector: 'app=web' },
  ] as readonly PodTarget[]) {
    it(`${target.kind}/${target.kind === 'label' ? target.selector : target.name} is found`, async () => {
      const found = await cluster.resolveTarget(target, TIMEOUT_MS, quiet, signal);
      const prefix = target.kind === 'label' || target.kind === 'service' ? 'web' : target.name;
      assert.ok(found.pod.startsWith(prefix), found.pod);
      assert.equal(found.container, 'app');
      assert.equal(found.ready, 1);
      assert.ok(found.addresses.length === 2, found.addresses.join());
      assert.equal(found.hostNetwork, false);
    });
  }

  it('means the container that is named, annotated, or no sidecar', async () => {
    const choose = async (target: PodTarget): Promise<[string, boolean]> => {
      const found = await cluster.resolveTarget(target, TIMEOUT_MS, quiet, signal);
      return [found.container, found.isContainerGuessed];
    };
    assert.deepEqual(await choose({ kind: 'deployment', name: 'web' }), ['app', true]);
    assert.deepEqual(await choose({ kind: 'deployment', name: 'web', container: 'istio-proxy' }), [
      'istio-proxy',
      false,
    ]);
    assert.deepEqual(await choose({ kind: 'deployment', name: 'annotated' }), ['two', false]);
    assert.deepEqual(
      await choose({ kind: 'deployment', name: 'store' }).catch((error: Error) => error.message),
      `There is no deployment/store in namespace ${namespace}.`,
    );
    await assert.rejects(choose({ kind: 'deployment', name: 'web', container: 'ap' }), {
      code: 'container-unknown',
      failure: 'usage',
      help: 'Available: app, istio-proxy.',
    });
  });

  it('are named by the nearest when they do not exist', async () => {
    const resolve = (target: PodTarget): Promise<unknown> => cluster.resolveTarget(target, TIMEOUT_MS, quiet, signal);
    await assert.rejects(resolve({ kind: 'deployment', name: 'wep' }), {
      code: 'target-unknown',
      help: /deployment\/web/,
    });
    await assert.rejects(resolve({ kind: 'pod', name: 'store-1' }), { code: 'target-unknown', help: /pod\/store-0/ });
    await assert.rejects(resolve({ kind: 'service', name: 'outside' }), { code: 'target-without-pods' });
  });

  it('are waited for until they are ready, and no longer than told', async () => {
    const late = workload('Deployment', 'late') as { spec: { template: { spec: { containers: object[] } } } };
    const [plain] = late.spec.template.spec.containers;
    late.spec.template.spec.containers = [
      { ...plain, readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } },
    ];
    kubectl(['create', '-n', namespace, '-f', '-'], late);
    const told: string[] = [];
    const target = { kind: 'deployment', name: 'late' } as const;
    await assert.rejects(
      cluster.resolveTarget(target, 3_000, (text) => told.push(text), signal),
      {
        code: 'target-not-ready',
        failure: 'agent',
        message: /no ready pod after 3 s\nlate-.*: (not ready|Pending)/,
      },
    );
    assert.match(told.join('\n'), /waiting for a ready pod of deployment\/late/);
    const found = cluster.resolveTarget(target, TIMEOUT_MS, quiet, signal);
    const ready = { spec: { template: { spec: { containers: [{ name: 'app', readinessProbe: null }] } } } };
    kubectl(['patch', 'deployment', 'late', '-n', namespace, '-p', JSON.stringify(ready)]);
    assert.match((await found).pod, /^late-/);
    kubectl(['delete', 'deployment', 'late', '-n', namespace]);
  });

  it('are waited for when they have been there, however long they are not', async () => {
    const told: string[] = [];
    const found = (['deployment', 'pod'] as const).map((kind) =>
      cluster.resolveTarget({ kind, name: `again-${kind}` }, null, (text) => told.push(text), signal),
    );
    await eventually('both are waited for', () => told.length === 2);
    assert.deepEqual(told.toSorted(), [
      'waiting for deployment/again-deployment, which does not exist yet',
      'waiting for pod/again-pod, which does not exist yet',
    ]);
    const items = [
      workload('Deployment', 'again-deployment'),
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'again-pod' }, spec: { containers: [container('app')] } },
    ];
    kubectl(['create', '-n', namespace, '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
    const names = (await Promise.all(found)).map(({ pod }) => pod);
    assert.match(names.join(), /^again-deployment-.*,again-pod$/);
    kubectl(['delete', '-n', namespace, '--wait=false', 'deployment/again-deployment', 'pod/again-pod']);
  });

  it('are listed with their readiness, those of a Deployment once', async () => {
    const all = await cluster.listTargets(
      namespace,
      ['pod', 'deployment', 'statefulset', 'replicaset', 'service'],
      signal,
    );
    const names = all.map(
      (item) => `${item.kind}/${item.name.replace(/-[a-z0-9]+-[a-z0-9]{5}$/, '-*')} ${item.ready}/${item.pods}`,
    );
    for (const name of [
      'deployment/web 1/1',
      'deployment/annotated 1/1',
      'statefulset/store 1/1',
      'replicaset/bare 1/1',
    ]) {
      assert.ok(names.includes(name), `${name} in\n${names.join('\n')}`);
    }
    assert.ok(names.includes('service/front 1/1') && names.includes('pod/web-* 1/1'));
    assert.equal(names.filter((name) => name.startsWith('replicaset/')).length, 1);
    assert.ok(!names.some((name) => name.startsWith('service/outside')));
    assert.deepEqual(all.find((item) => item.name === 'annotated')?.containers, ['one', 'two']);
    const everywhere = await cluster.listTargets(null, ['deployment'], signal);
    assert.ok(everywhere.some((item) => item.namespace === 'kube-system' && item.name === 'coredns'));
  });

  it('take an agent into their pod, whose network it shares', async () => {
    const target = await cluster.resolveTarget({ kind: 'deployment', name: 'web' }, TIMEOUT_MS, quiet, signal);
    const addresses = program(
      "s.on('connection', (c) => c.end(JSON.stringify(Object.values(require('os').networkInterfaces()).flat().map((i) => i.address)))); listen();",
    );
    const agents = await Promise.all([
      cluster.startTargetAgent(target, request({}, addresses), quiet, signal),
      cluster.startTargetAgent(target, request(), quiet, signal),
    ]);
    assert.equal(agents[0].kind, 'ephemeral');
    assert.equal(agents[0].name, `pod/${target.pod}`);
    const chunks = await (await agents[0].dial(signal)).toArray();
    const seen = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as string[];
    for (const address of target.addresses) assert.ok(seen.includes(address), seen.join());
    const stream = await agents[1].dial(signal);
    assert.equal(await echo(stream, 'second'), 'second');
    stream.destroy();
  });

  it('say why an agent cannot live in their pod', async () => {
    const target = await cluster.resolveTarget({ kind: 'deployment', name: 'annotated' }, TIMEOUT_MS, quiet, signal);
    const unpulled = request({ image: 'localhost:1/none:1' });
    await assert.rejects(cluster.startTargetAgent(target, unpulled, quiet, signal), { code: 'agent-image' });
    const gone = { ...target, pod: 'gone' };
    await assert.rejects(cluster.startTargetAgent(gone, request(), quiet, signal), {
      code: 'agent-ephemeral-unsupported',
      help: /leave out -t/,
    });
  });
});
