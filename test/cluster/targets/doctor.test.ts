import assert from 'node:assert/strict';
import { EXIT } from '../../../src/errors.ts';
import { kubectl } from '../kube/support/cluster.ts';
import { HOME } from '../support/developer.ts';
import type { Identity } from '../../../scripts/sandbox/index.ts';
import { useDeveloper, writeUserKubeconfig } from '../support/session.ts';

interface Finding {
  readonly id: string;
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
  readonly fix: string;
}

describe('mirrord doctor and diagnose on Kubernetes', () => {
  const world = useDeveloper();

  async function doctor(
    args: readonly string[] = [],
    as: Identity = 'sudo',
  ): Promise<{ code: number | null; findings: Finding[] }> {
    const { code, stdout, stderr } = await world.developer.mirrordRun(['doctor', '--json', ...args], { as });
    assert.equal(stderr, '');
    return { code, findings: (JSON.parse(stdout) as { checks: Finding[] }).checks };
  }

  it('finds that an administrator has the rights for a session, in a dry run too', async () => {
    const { code, stdout } = await world.developer.mirrordRun(['up', '--dry-run', '-n', world.objects.home]);
    assert.equal(code, 0);
    assert.match(stdout, /^ {2}rights +all that a session needs$/m);
  });

  const failed = (findings: readonly Finding[]): string[] =>
    findings.filter(({ state }) => state === 'failed').map(({ id }) => id);

  it('finds nothing in the way of the administrator', async () => {
    const { code, findings } = await doctor(['-n', world.objects.home]);
    assert.deepEqual(failed(findings), [], JSON.stringify(findings, null, 1));
    assert.equal(code, 0);
    assert.ok(findings.length > 10);
  });

  it('has all rights on one line when they are there', async () => {
    const args = ['doctor', '-n', world.objects.home];
    const { stdout } = await world.developer.mirrordRun(args, { as: 'sudo' });
    assert.match(stdout, /^✔ rights: all \d+ are there$/m);
    assert.doesNotMatch(stdout, /may (create|get|list)/);
  });

  /** The kubeconfig of an account that may do nothing. */
  function sick(): string {
    const { developer, objects } = world;
    kubectl(['create', 'serviceaccount', 'sick', '-n', objects.home]);
    const token = kubectl(['create', 'token', 'sick', '-n', objects.home]).trim();
    return writeUserKubeconfig(developer, `${HOME}/sick`, { token });
  }

  it('names each right that is missing, and its fix; a dry run those that it cannot do without', async () => {
    const { developer, objects } = world;
    const kubeconfig = sick();
    const asked = ['up', '--dry-run', '--kubeconfig', kubeconfig, '-n', objects.home];
    const own = await developer.mirrordRun(asked);
    assert.equal(own.code, EXIT.findings, own.stderr);
    assert.match(own.stdout, /A dry run needs no root/);
    assert.match(own.stdout, /^ {2}missing +the right to create jobs, for the agent's Job; see docs\/rbac\.yaml$/m);
    const targeted = await developer.mirrordRun([...asked, '-t', 'deployment/web', '--json']);
    assert.equal(targeted.code, EXIT.findings);
    const { rights } = JSON.parse(targeted.stdout) as { rights: { missing: { right: string }[] } };
    const missing = rights.missing.map(({ right }) => right);
    assert.ok(
      missing.includes('patch pods/ephemeralcontainers') && missing.includes('get deployments'),
      missing.join(),
    );
    assert.ok(!missing.includes('create jobs'));
    const { code, findings } = await doctor(['--kubeconfig', kubeconfig, '-n', objects.home]);
    assert.equal(code, EXIT.findings);
    const bad = findings.filter(({ state }) => state === 'failed');
    assert.ok(bad.length >= 3, JSON.stringify(findings));
    for (const { fix } of bad) assert.match(fix, /docs\/rbac\.yaml/);
  });

  it('tells of a kubeconfig that is not there, and passes over what needs one', async () => {
    const { code, findings } = await doctor(['--kubeconfig', `${HOME}/none`]);
    assert.equal(code, EXIT.findings);
    assert.equal(failed(findings).length, 1, JSON.stringify(findings));
    assert.ok(findings.some(({ state }) => state === 'skipped'));
  });

  it('measures the round trip of a session, and so does diagnose latency', async () => {
    const { developer, objects } = world;
    const session = await developer.up(['-n', objects.home]).ready();
    try {
      const { code, findings } = await doctor(['-n', objects.home]);
      assert.equal(code, 0, JSON.stringify(findings));
      assert.ok(findings.some(({ id, state, detail }) => /round/.test(id) && state === 'ok' && /ms/.test(detail)));
      const { stdout } = await developer.mirrordRun(['diagnose', 'latency', '--json']);
      const { latency } = JSON.parse(stdout) as { latency: Record<string, number> };
      assert.equal(latency['count'], 100);
      assert.equal(latency['lost'], 0);
      assert.ok((latency['min_ms'] ?? 0) > 0 && (latency['p50_ms'] ?? 0) <= (latency['p99_ms'] ?? 0), stdout);
    } finally {
      await session.end();
    }
  });
});
