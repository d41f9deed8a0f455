import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { poll } from '../../netns/support/session.ts';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { dropNamespace, eventually, kubectl, leftovers, makeNamespace } from '../kube/support/cluster.ts';
import { HOME, cluster } from '../support/developer.ts';
import { useDeveloper, writeUserKubeconfig } from '../support/session.ts';

/** "At once", the cluster's own reaction included, on a machine that does other things as well. */
const AT_ONCE_MS = 10_000;
const GONE_MS = 15_000;

describe('mirrord up on Kubernetes, agents that cannot start', () => {
  const world = useDeveloper();
  let namespace: string;

  before(async () => {
    namespace = await makeNamespace();
  });
  after(() => dropNamespace(namespace));

  /** Runs `up` with this configuration, which must fail with these words; nothing may be left anywhere. */
  async function refused(
    config: object,
    error: string,
    says: RegExp,
    args: string[] = [],
    where = namespace,
  ): Promise<void> {
    const { developer } = world;
    const before = await machineState(developer.machine);
    const file = developer.write(`${HOME}/mirrord.json`, JSON.stringify(config));
    const begin = performance.now();
    const outcome = await developer.mirrordRun(['up', '-n', where, '-f', file, '--json', ...args], { as: 'sudo' });
    const took = performance.now() - begin;
    assert.equal(outcome.code, 5, outcome.stderr);
    const { error: told } = JSON.parse(outcome.stderr.trim().split('\n').at(-1) ?? '') as {
      error: { code: string; message: string; help: string };
    };
    assert.equal(told.code, error, told.message);
    assert.match(`${told.message}\n${told.help}`, says);
    assert.notEqual(told.help, '');
    assert.ok(took < AT_ONCE_MS, `${took} ms`);
    await poll(
      () => leftovers(where).length === 0,
      'Job and pod are gone',
      GONE_MS,
      () => leftovers(where).join(' '),
    );
    assert.equal(difference(before, await machineState(developer.machine)), '');
  }

  it('no right to create the Job', async () => {
    kubectl(['create', 'serviceaccount', 'nobody', '-n', namespace]);
    const token = kubectl(['create', 'token', 'nobody', '-n', namespace]).trim();
    const file = writeUserKubeconfig(world.developer, `${HOME}/nobody`, { token });
    await refused({}, 'agent-forbidden', /cannot create resource "jobs".*docs\/rbac\.yaml/s, ['--kubeconfig', file]);
  });

  it('an image that cannot be pulled', async () => {
    await refused(
      { agent: { image: 'localhost:1/no/such:1' } },
      'agent-image',
      /localhost:1\/no\/such:1.*agent\.image/s,
    );
  });

  it('an image whose Node is too old', async () => {
    const script = join(import.meta.dirname, '../../../scripts/kubernetes/make-node-image');
    cluster(['load', execFileSync(script, ['18'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()]);
    const image = 'docker.io/library/node:18-slim';
    await refused({ agent: { image } }, 'agent-refused', /Node 18\..*20\.12 or newer/s);
  });

  it('an image without Node', async () => {
    await refused({ agent: { image: 'docker.io/library/busybox:1' } }, 'agent-container', /"node"/);
  });

  it('a node selector that no node has', async () => {
    const agent = { node_selector: { moon: 'full' } };
    await refused({ agent }, 'agent-unschedulable', /node affinity\/selector.*agent\.node_selector/s);
  });

  it('a Pod Security Standard that is not kept', async () => {
    const agent = { security_context: { allowPrivilegeEscalation: true } };
    await refused({ agent }, 'agent-pod-security', /violates PodSecurity "restricted/, [], 'restricted');
  });

  it('a quota that is used up', async () => {
    const small = await makeNamespace();
    try {
      kubectl(['create', 'quota', 'small', '--hard=limits.memory=100Mi,requests.memory=32Mi', '-n', small]);
      await eventually('the quota is counted', () =>
        kubectl(['get', 'quota', 'small', '-n', small, '-o', 'jsonpath={.status.hard}']).includes('memory'),
      );
      await refused({}, 'agent-quota', /exceeded quota: small/, [], small);
    } finally {
      dropNamespace(small);
    }
  });
});
