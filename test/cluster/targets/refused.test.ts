import assert from 'node:assert/strict';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { kubectl } from '../kube/support/cluster.ts';
import { HOME } from '../support/developer.ts';
import { writeUserKubeconfig } from '../support/session.ts';
import { workload } from './support/objects.ts';
import { create, useTargets } from './support/world.ts';

interface Told {
  readonly code: string;
  readonly message: string;
  readonly help: string;
}

describe('mirrord up -t, what cannot be', () => {
  const world = useTargets(() => [
    workload('Deployment', 'payments', { containers: ['app', 'helper'] }),
    workload('Deployment', 'checkout'),
  ]);

  /** Runs `up`, which must end with this exit code and change nothing on the machine. */
  async function refused(code: number, args: readonly string[]): Promise<Told & { readonly steps: string }> {
    const { developer } = world;
    const before = await machineState(developer.machine);
    const outcome = await developer.mirrordRun(['up', '--json', ...args], { as: 'sudo', timeoutMs: 30_000 });
    assert.equal(outcome.code, code, outcome.stderr);
    assert.equal(difference(before, await machineState(developer.machine)), '');
    const { error } = JSON.parse(outcome.stderr.trim().split('\n').at(-1) ?? '') as { error: Told };
    return { ...error, steps: outcome.stdout };
  }

  const inNamespace = (...args: string[]): string[] => ['-n', world.namespace, ...args];

  it('an unknown name: the nearest are told', async () => {
    const { code, message, help } = await refused(2, inNamespace('-t', 'deployment/payment'));
    assert.equal(code, 'target-unknown');
    assert.equal(message, `There is no deployment/payment in namespace ${world.namespace}.`);
    assert.match(help, /^Available: deployment\/payments/);
  });

  it('a pod that is not there: no waiting', async () => {
    const { code, help } = await refused(2, inNamespace('-t', 'pod/payments'));
    assert.equal(code, 'target-unknown');
    assert.match(help, /pod\/payments-/);
  });

  it('a label that nothing has ever had is waited for, not longer than told', async () => {
    const file = world.developer.write(`${HOME}/quick.json`, JSON.stringify({ agent: { startup_timeout: 1 } }));
    const { code, message } = await refused(5, inNamespace('-t', 'label/app=nobody', '-f', file));
    assert.equal(code, 'target-not-ready');
    assert.match(message, /label\/app=nobody has no ready pod after 1 s: it has no pods/);
  });

  it('an unknown kind: all kinds are told', async () => {
    const { message } = await refused(2, inNamespace('-t', 'deploymant/payments'));
    assert.match(message, /no target kind "deploymant"; allowed forms: targetless, pod\/NAME, deployment\/NAME/);
  });

  it('an unknown container: those of the pod are told', async () => {
    const { code, help } = await refused(2, inNamespace('-t', 'deploy/payments/container/ap'));
    assert.equal(code, 'container-unknown');
    assert.match(help, /^Available: app, helper\.$/m);
  });

  it('an unknown namespace: the nearest are told', async () => {
    const near = world.namespace.slice(0, -1);
    const { code, help } = await refused(2, ['-n', near, '-t', 'deployment/payments']);
    assert.equal(code, 'namespace-unknown');
    assert.ok(help.includes(world.namespace), help);
  });

  it('no pod is ready: told what is waited for, then how the pods stand', async () => {
    create(world.namespace, [
      workload('Deployment', 'never', {
        container: { readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } },
      }),
    ]);
    const file = world.developer.write(`${HOME}/short.json`, JSON.stringify({ agent: { startup_timeout: 3 } }));
    const { code, message, help, steps } = await refused(5, inNamespace('-t', 'deployment/never', '-f', file));
    assert.equal(code, 'target-not-ready');
    assert.match(message, /^deployment\/never has no ready pod after 3 s\nnever-\S+: not ready: .*\[app\]/);
    assert.match(help, /mirrord ls/);
    assert.match(steps, /"state":"running","text":"waiting for a ready pod of deployment\/never/);
  });

  it('on a terminal it ends as well, and nothing is drawn after the error', async () => {
    const file = world.developer.write(`${HOME}/shortest.json`, JSON.stringify({ agent: { startup_timeout: 2 } }));
    const words = [world.developer.mirrord, 'up', ...inNamespace('-t', 'label/app=nobody', '-f', file)];
    const args = ['--quiet', '--return', '--command', words.join(' '), '/dev/null'];
    const { code, stdout } = await world.developer.run('script', args, { as: 'sudo', timeoutMs: 30_000 });
    assert.equal(code, 5, stdout);
    const [drawn = '', error = ''] = stdout.split('Error: ');
    assert.match(drawn, /waiting for a ready pod of label\/app=nobody/);
    assert.ok(drawn.endsWith('\r\x1b[K'), drawn);
    assert.match(error, /^label\/app=nobody has no ready pod.*\r\n.*leave out -t: .*\r\n.*The log: .*\r\n$/);
  });

  it('no right to add ephemeral containers: the right and the other way are told', async () => {
    const { namespace, developer } = world;
    kubectl(['create', 'serviceaccount', 'reader', '-n', namespace]);
    const rights = ['--verb=get,list,watch', '--resource=pods,pods/log,deployments.apps'];
    kubectl(['create', 'role', 'reader', '-n', namespace, ...rights]);
    kubectl([
      'create',
      'rolebinding',
      'reader',
      '-n',
      namespace,
      '--role=reader',
      `--serviceaccount=${namespace}:reader`,
    ]);
    const token = kubectl(['create', 'token', 'reader', '-n', namespace]).trim();
    const kubeconfig = writeUserKubeconfig(developer, `${HOME}/reader`, { token });
    const args = inNamespace('-t', 'deployment/checkout', '--kubeconfig', kubeconfig);
    const { code, message, help } = await refused(5, args);
    assert.equal(code, 'agent-forbidden');
    assert.match(message, /^An ephemeral container cannot be added to pod \S+\/checkout-\S+: .*ephemeralcontainers/);
    assert.match(help, /docs\/rbac\.yaml.*leave out -t/);
  });

  it("admission's refusal: in its own words, and the other way", async () => {
    const { namespace } = world;
    const name = `no-debugging.${namespace}`;
    const policy = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['pods/ephemeralcontainers'] },
          ],
        },
        validations: [{ expression: 'false', message: 'nobody debugs here' }],
      },
    };
    const binding = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    };
    kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: [policy, binding] });
    try {
      // The API server heeds a policy some moments after it was made.
      let told = await refused(5, inNamespace('-t', 'deployment/checkout')).catch(() => undefined);
      for (let tries = 0; told === undefined && tries < 5; tries++) {
        told = await refused(5, inNamespace('-t', 'deployment/checkout')).catch(() => undefined);
      }
      assert.equal(told?.code, 'agent-not-admitted');
      assert.match(told.message, /nobody debugs here/);
      assert.match(told.help, /leave out -t/);
    } finally {
      kubectl(['delete', 'validatingadmissionpolicybinding,validatingadmissionpolicy', name]);
    }
  });
});
