import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../../../src/kube/cluster.ts';
import { openCluster } from '../../support/bundled-kube.ts';
import {
  dropNamespace,
  echo,
  eventually,
  kubectl,
  leftovers,
  makeNamespace,
  request,
  serviceAccountKubeconfig,
} from './support/cluster.ts';

interface Rule {
  readonly resources: readonly string[];
}
interface Role {
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string };
  rules: readonly Rule[];
}

/** Mocha limits each test; a deadline from here on would run while others do. */
const { signal } = new AbortController();
const quiet = (): void => {};
const shipped = parseAllDocuments(readFileSync('docs/rbac.yaml', 'utf8')).map((document) => document.toJS() as Role);

/** A ServiceAccount with this one role, and what a user with its token sees. */
async function accountWith(namespace: string, name: string, role: Role | null): Promise<Cluster> {
  kubectl(['create', 'serviceaccount', name, '-n', namespace]);
  if (role !== null) {
    kubectl(['create', '-n', namespace, '-f', '-'], { ...role, metadata: { name } });
    const account = `--serviceaccount=${namespace}:${name}`;
    kubectl(['create', 'rolebinding', name, '-n', namespace, `--role=${name}`, account]);
  }
  const kubeconfig = serviceAccountKubeconfig(namespace, name);
  return openCluster({ kubeconfig, cwd: process.cwd() });
}

describe('a client with few rights', function () {
  this.timeout(60_000);
  let namespace: string;
  const minimal = shipped.find((role) => role.metadata.name === 'mirrord')!;

  before(async () => {
    namespace = await makeNamespace();
  });
  after(() => dropNamespace(namespace));

  it('starts, reaches and removes an agent with the shipped minimal role', async () => {
    const cluster = await accountWith(namespace, 'minimal', minimal);
    const agent = await cluster.startAgent(request(), quiet, signal);
    const stream = await agent.dial(signal);
    assert.equal(await echo(stream, 'minimal'), 'minimal');
    const found = await cluster.discover('10.96.0.1', signal);
    assert.ok(found.ranges.includes('10.96.0.0/16'), found.ranges.join(' '));
    assert.ok(
      found.ranges.some((range) => range.startsWith('10.244.0.')),
      found.ranges.join(' '),
    );
    assert.ok(!found.ranges.includes('198.18.0.0/24'));
    assert.ok(found.namespaces.includes(namespace));
    assert.ok(found.notes.includes(`pod ranges from the pods of namespace ${namespace}`), found.notes.join('\n'));
    stream.destroy();
    await agent.stop(true);
    await eventually('it is gone', () => leftovers(namespace).length === 0);
    cluster.close();
  });

  it('is told of a refused pod with that role', async () => {
    const cluster = await accountWith(namespace, 'minimal-refused', minimal);
    const wanted = request({ serviceAccount: 'nobody-here' });
    await assert.rejects(cluster.startAgent(wanted, quiet, signal), {
      code: 'agent-not-admitted',
      message: /nobody-here/,
    });
    cluster.close();
  });

  it('starts an agent without the right to read events', async () => {
    const rules = minimal.rules.filter((rule) => !rule.resources.includes('events'));
    const cluster = await accountWith(namespace, 'eventless', { ...minimal, rules });
    const agent = await cluster.startAgent(request(), quiet, signal);
    await agent.stop(true);
    const timed = request({ serviceAccount: 'nobody-here', startupTimeoutMs: 4_000 });
    await assert.rejects(cluster.startAgent(timed, quiet, signal), {
      code: 'agent-timeout',
      message: /its pod has not been created/,
      help: new RegExp(`kubectl -n ${namespace}`),
    });
    await eventually('it is gone', () => leftovers(namespace).length === 0);
    cluster.close();
  });

  it('is told of a refused pod by a rehearsal where it may create pods but read no events', async () => {
    const rules = [
      ...minimal.rules.filter((rule) => !rule.resources.includes('events')),
      { apiGroups: [''], resources: ['pods'], verbs: ['create'] },
    ];
    const cluster = await accountWith(namespace, 'rehearsing', { ...minimal, rules });
    const wanted = request({ serviceAccount: 'nobody-here' });
    await assert.rejects(cluster.startAgent(wanted, quiet, signal), {
      code: 'agent-not-admitted',
      message: /nobody-here/,
    });
    cluster.close();
  });

  it('resolves a target and enters its pod with the shipped role for targets as well', async () => {
    const targets = shipped.find((role) => role.metadata.name === 'mirrord-targets')!;
    const rules = [...minimal.rules, ...targets.rules];
    const cluster = await accountWith(namespace, 'targeting', { ...minimal, rules });
    const image = '--image=docker.io/library/busybox:1';
    kubectl(['create', 'deployment', 'web', image, '-n', namespace, '--', 'sleep', '100000']);
    const found = await cluster.resolveTarget({ kind: 'deployment', name: 'web' }, 20_000, quiet, signal);
    assert.match(found.pod, /^web-/);
    const listed = await cluster.listTargets(namespace, ['pod', 'deployment', 'service'], signal);
    assert.ok(listed.some((item) => item.kind === 'deployment' && item.name === 'web' && item.ready === 1));
    const agent = await cluster.startTargetAgent(found, request(), quiet, signal);
    const stream = await agent.dial(signal);
    assert.equal(await echo(stream, 'inside'), 'inside');
    stream.destroy();
    cluster.close();
    const poor = await accountWith(namespace, 'reading', minimal);
    await assert.rejects(poor.startTargetAgent(found, request(), quiet, signal), {
      code: 'agent-forbidden',
      message: /pods\/ephemeralcontainers/,
      help: /leave out -t/,
    });
    await assert.rejects(poor.resolveTarget({ kind: 'deployment', name: 'web' }, 5_000, quiet, signal), {
      code: 'api-forbidden',
      message: /deployments/,
    });
    poor.close();
  });

  it('is told which right is missing when it has none', async () => {
    const cluster = await accountWith(namespace, 'nothing', null);
    await assert.rejects(cluster.startAgent(request(), quiet, signal), {
      code: 'agent-forbidden',
      failure: 'agent',
      message: /cannot create resource "jobs" in API group "batch"/,
      help: /docs\/rbac.yaml/,
    });
    const found = await cluster.discover('10.96.0.1', signal);
    assert.deepEqual(found.ranges, ['10.96.0.0/16']);
    assert.deepEqual(found.namespaces, ['default', 'kube-system', namespace].sort());
    cluster.close();
  });

  it('reads the ranges as they are with the shipped discovery role', async () => {
    const role = shipped.find((item) => item.kind === 'ClusterRole')!;
    const name = `${namespace}-discovery`;
    kubectl(['create', 'serviceaccount', 'reader', '-n', namespace]);
    kubectl(['create', '-f', '-'], { ...role, metadata: { name } });
    try {
      const account = `--serviceaccount=${namespace}:reader`;
      kubectl(['create', 'clusterrolebinding', name, `--clusterrole=${name}`, account]);
      const kubeconfig = serviceAccountKubeconfig(namespace, 'reader');
      const reader = await openCluster({ kubeconfig, cwd: process.cwd() });
      const admin = await openCluster({ cwd: process.cwd() });
      const [seen, all] = await Promise.all([reader.discover(null, signal), admin.discover(null, signal)]);
      assert.deepEqual(seen.ranges, all.ranges);
      assert.ok(seen.namespaces.includes('kube-public'));
      reader.close();
      admin.close();
    } finally {
      kubectl(['delete', 'clusterrole,clusterrolebinding', name, '--ignore-not-found']);
    }
  });
});
