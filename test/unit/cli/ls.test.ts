import assert from 'node:assert/strict';
import { formatDenied, formatTargets, targetPaths } from '../../../src/cli/ls.ts';
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
    assert.equal(formatTargets([], 'shop'), 'Nothing in namespace shop (-A lists all) can be a target.\n');
    assert.equal(formatTargets([], null), 'Nothing in any namespace can be a target.\n');
  });

  it('names what may not be listed', () => {
    assert.equal(
      formatDenied(['job', 'deployment'], 'shop'),
      'You may not list deployments, jobs of namespace shop; docs/rbac.yaml has the rights.',
    );
    assert.match(formatDenied(['service'], null), /services of all namespaces/);
  });

  it('takes kinds by their plural and by their short name, as kubectl does', () => {
    const { stderr } = runCli('ls', '-t', 'pods,sts, svc,Deployments', '--kubeconfig', '/none');
    assert.match(stderr, /no kubeconfig: \/none/);
  });

  it('refuses kinds that there are not', () => {
    const { code, stdout, stderr } = runCli('ls', '-t', 'deployment,cronjob');
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /no target of the kind 'cronjob'/);
    assert.match(stderr, /Kinds are deployment, statefulset/);
  });

  it('refuses -n together with -A', () => {
    assert.equal(runCli('ls', '-A', '-n', 'shop').code, 2);
  });
});
