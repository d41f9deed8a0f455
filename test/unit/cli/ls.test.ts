import assert from 'node:assert/strict';
import { formatDenied, formatElsewhere, formatTargets, targetPaths } from '../../../src/cli/ls.ts';
import { parseTarget } from '../../../src/config/target.ts';
import type { ListedTarget } from '../../../src/kube/targets/target.ts';
import { CLI_MS, runCli } from './run.ts';

const listed = (more: Partial<ListedTarget>): ListedTarget => ({
  kind: 'deployment',
  name: 'web',
  namespace: 'shop',
  containers: ['app'],
  ready: 2,
  pods: 3,
  ...more,
});

describe('mirrord ls', function () {
  this.timeout(CLI_MS);

  it('names targets as --target takes them, the container only where there are several', () => {
    const paths = [listed({}), listed({ kind: 'pod', name: 'web-1', containers: ['app', 'proxy'] })].flatMap(
      targetPaths,
    );
    assert.deepEqual(paths, ['deployment/web', 'pod/web-1/container/app', 'pod/web-1/container/proxy']);
    for (const path of paths) assert.ok('target' in parseTarget(path), path);
  });

  it('shows them with their readiness, in columns', () => {
    const targets = [listed({}), listed({ kind: 'statefulset', name: 'db', containers: ['pg', 'exporter'], ready: 0 })];
    assert.equal(
      formatTargets(targets, 'shop'),
      [
        'TARGET          READY  CONTAINERS',
        'deployment/web  2/3    app',
        'statefulset/db  0/3    pg, exporter',
        '',
      ].join('\n'),
    );
    assert.match(formatTargets(targets, null), /^NAMESPACE {2}TARGET.*\nshop {7}deployment\/web/);
  });

  it('says so when there is none', () => {
    assert.equal(formatTargets([], null), 'Nothing in any namespace can be a target.\n');
    assert.equal(formatElsewhere([], 'shop'), 'Nothing in namespace shop can be a target; -A lists all namespaces.\n');
  });

  it('says where targets are when a namespace has none, what the cluster is made of last', () => {
    const names = ['kube-system', 'kube-system', 'kube-system', 'shop', 'web', 'web'];
    assert.equal(
      formatElsewhere(
        names.map((namespace) => listed({ namespace })),
        'empty',
      ),
      'Nothing in namespace empty can be a target. Targets are in: web (2), shop (1), kube-system (3).\n' +
        'List them with -n NAMESPACE, or all with -A.\n',
    );
    const many = Array.from({ length: 13 }, (_, index) => listed({ namespace: `n${index}` }));
    assert.match(formatElsewhere(many, 'empty'), /n9 \(1\) and 3 more\.\n/);
  });

  it('takes a target after -t, as every command does', () => {
    const kind = runCli('ls', '-t', 'deployment,sts');
    assert.match(kind.stderr, /-t takes a target, and deployment,sts is a kind\.\n.*mirrord ls --kinds deployment,sts/);
    assert.match(runCli('ls', '-t', 'rollout/x').stderr, /-t rollout\/x: there is no target kind/);
    assert.match(runCli('ls', '-t', 'netns/x').stderr, /-t netns\/x: such a target is not listed by name/);
    for (const target of ['payments', 'deploy/payments', 'pods/payments/container/x'])
      assert.match(runCli('ls', '-t', target, '--kubeconfig', '/none').stderr, /No kubeconfig: \/none/);
  });

  it('names what may not be listed', () => {
    assert.equal(
      formatDenied(['job', 'deployment'], 'shop'),
      'You may not list deployments, jobs of namespace shop; docs/rbac.yaml has the rights.',
    );
    assert.match(formatDenied(['service'], null), /services of all namespaces/);
  });

  it('takes kinds by their plural and by their short name, as kubectl does', () => {
    const { stderr } = runCli('ls', '--kinds', 'pods,sts, svc,Deployments', '--kubeconfig', '/none');
    assert.match(stderr, /No kubeconfig: \/none/);
  });

  it('refuses kinds that there are not', () => {
    const { code, stdout, stderr } = runCli('ls', '--kinds', 'deployment,cronjob');
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /no target kind 'cronjob'/);
    assert.match(stderr, /Kinds are deployment, statefulset/);
  });

  it('refuses -n together with -A', () => {
    assert.equal(runCli('ls', '-A', '-n', 'shop').code, 2);
  });
});
