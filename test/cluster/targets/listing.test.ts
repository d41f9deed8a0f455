import assert from 'node:assert/strict';
import { kubectl } from '../kube/support/cluster.ts';
import { HOME } from '../support/developer.ts';
import { writeUserKubeconfig } from '../support/session.ts';
import { service, workload } from './support/objects.ts';
import { nameOf, podsOf, useTargets } from './support/world.ts';

describe('mirrord ls on Kubernetes', () => {
  const world = useTargets(() => [
    workload('Deployment', 'web', { containers: ['app', 'proxy'] }),
    workload('StatefulSet', 'store'),
    workload('DaemonSet', 'every'),
    workload('ReplicaSet', 'bare'),
    workload('Job', 'once'),
    service('front', 'store'),
    service('nobody', 'nobody'),
  ]);

  const ls = (...args: string[]) => world.developer.mirrordRun(['ls', ...args]);
  const namesOf = (app: string): string[] => podsOf(world.namespace, `app=${app}`).map(nameOf);

  async function paths(...args: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await ls('-o', 'json', ...args);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    return JSON.parse(stdout) as string[];
  }

  it('json is an array of strings, each of which --target takes', async () => {
    const [web] = namesOf('web');
    assert.deepEqual(await paths('-n', world.namespace), [
      'deployment/web/container/app',
      'deployment/web/container/proxy',
      'statefulset/store',
      'daemonset/every',
      'replicaset/bare',
      'job/once',
      'service/front',
      ...[...namesOf('bare'), ...namesOf('every'), ...namesOf('once'), ...namesOf('store'), ...namesOf('web')]
        .sort()
        .flatMap((name) =>
          name === web ? [`pod/${name}/container/app`, `pod/${name}/container/proxy`] : `pod/${name}`,
        ),
    ]);
  });

  it('is a table also in a pipe, and YAML when asked', async () => {
    const { stdout } = await ls('-n', world.namespace, '-t', 'store');
    assert.match(stdout, /^TARGET +READY +CONTAINERS\nstatefulset\/store +1\/1 +\w+\n$/);
    assert.equal((await ls('-n', world.namespace, '-t', 'sts/store', '-o', 'yaml')).stdout, '- statefulset/store\n');
    assert.deepEqual(await paths('-n', world.namespace, '-t', 'deployment/store'), []);
  });

  it('says where targets are when the namespace has none', async () => {
    const empty = `${world.namespace}-empty`;
    kubectl(['create', 'namespace', empty]);
    try {
      const { stdout } = await ls('-n', empty, '-t', 'deployment/web');
      const places = `Targets are in: .*\\b${world.namespace} \\(1\\)`;
      assert.match(stdout, new RegExp(`^Nothing in namespace ${empty} can be a target\\. ${places}`));
    } finally {
      kubectl(['delete', 'namespace', empty, '--wait=false']);
    }
  });

  it('lists the kinds that are asked for', async () => {
    assert.deepEqual(await paths('-n', world.namespace, '--kinds', 'statefulset,service'), [
      'statefulset/store',
      'service/front',
    ]);
  });

  it('has what a CronJob or an operator made, since its maker can be no target', async () => {
    const { namespace } = world;
    const uid = kubectl(['get', 'serviceaccount', 'default', '-n', namespace, '-o', 'jsonpath={.metadata.uid}']);
    const maker = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', uid, controller: true };
    const made = ['statefulset/store', 'job/once'];
    const own = (owners: unknown): string => JSON.stringify({ metadata: { ownerReferences: owners } });
    for (const path of made) kubectl(['patch', path, '-n', namespace, '-p', own([maker])]);
    assert.deepEqual(await paths('-n', namespace, '--kinds', 'statefulset,job'), made);
    for (const path of made) kubectl(['patch', path, '-n', namespace, '--type', 'merge', '-p', own(null)]);
  });

  it('the table has the readiness', async () => {
    const { stdout } = await ls('-o', 'table', '-n', world.namespace, '--kinds', 'deployment,daemonset');
    const rows = [
      'TARGET           READY  CONTAINERS',
      'deployment/web   1/1    app, proxy',
      'daemonset/every  1/1    app',
    ];
    assert.equal(stdout, `${rows.join('\n')}\n`);
  });

  it('of all namespaces', async () => {
    const { stdout } = await ls('-o', 'table', '-A', '--kinds', 'deployment');
    assert.match(stdout, /^NAMESPACE +TARGET +READY +CONTAINERS$/m);
    assert.match(stdout, /^kube-system +deployment\/coredns +1\/1 +coredns$/m);
    assert.match(stdout, new RegExp(`^${world.namespace} +deployment/web +1/1 +app, proxy$`, 'm'));
  });

  it('an unknown namespace is told with the nearest', async () => {
    const { code, stderr } = await ls('-n', world.namespace.slice(0, -1));
    assert.equal(code, 2);
    assert.ok(stderr.includes(`Available: ${world.namespace}`), stderr);
  });

  it('what may not be listed is left out and named', async () => {
    const { namespace, developer } = world;
    kubectl(['create', 'serviceaccount', 'some', '-n', namespace]);
    const rights = ['--verb=get,list,watch', '--resource=pods,deployments.apps'];
    kubectl(['create', 'role', 'some', '-n', namespace, ...rights]);
    kubectl(['create', 'rolebinding', 'some', '-n', namespace, '--role=some', `--serviceaccount=${namespace}:some`]);
    const token = kubectl(['create', 'token', 'some', '-n', namespace]).trim();
    const kubeconfig = writeUserKubeconfig(developer, `${HOME}/some`, { token });
    const args = ['--kubeconfig', kubeconfig, '-n', namespace, '-o', 'json'];
    const { code, stdout, stderr } = await ls(...args, '--kinds', 'deployment,job,service');
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), ['deployment/web/container/app', 'deployment/web/container/proxy']);
    assert.equal(
      stderr,
      `! You may not list jobs, services of namespace ${namespace}; docs/rbac.yaml has the rights.\n`,
    );
    const everywhere = await ls('--kubeconfig', kubeconfig, '-A');
    assert.equal(everywhere.code, 4);
    assert.match(everywhere.stderr, /Listing the pods of all namespaces.*forbidden.*Name a namespace with -n/s);
  });
});
