import assert from 'node:assert/strict';
import type { V1ContainerState, V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { isAdmissionRefusal, notAdmitted } from '../../../src/kube/agent/admission.ts';
import { diagnose } from '../../../src/kube/agent/diagnosis.ts';
import { ApiError } from '../../../src/kube/server/api-error.ts';
import { defined } from '../../../src/defined.ts';

/** A pod as the API server gave it, cut down to what matters. */
function pod(status: V1PodStatus, spec: { nodeName?: string } = { nodeName: 'node1' }, deleted?: Date): V1Pod {
  return {
    metadata: { name: 'mirrord-agent-x7k2-abcde', ...defined({ deletionTimestamp: deleted }) },
    spec: { containers: [{ name: 'agent', image: 'node:24-slim' }], ...spec },
    status,
  };
}

function inState(state: V1ContainerState): V1Pod {
  const base = { image: 'node:24-slim', imageID: '', name: 'agent', ready: false, restartCount: 0 };
  return pod({ phase: 'Pending', containerStatuses: [{ ...base, state }] });
}

function failure(subject: V1Pod): { code: string; message: string } {
  const diagnosis = diagnose(subject, 'agent');
  assert.equal(diagnosis.kind, 'failed');
  return diagnosis.kind === 'failed' ? diagnosis.error : assert.fail();
}

describe("a pod's diagnosis", () => {
  it('waits for a node, then for the container', () => {
    assert.deepEqual(diagnose(pod({ phase: 'Pending' }, {}), 'agent'), { kind: 'waiting', text: 'waiting for a node' });
    const creating = inState({ waiting: { reason: 'ContainerCreating' } });
    assert.deepEqual(diagnose(creating, 'agent'), { kind: 'waiting', text: 'on node node1, starting' });
  });

  it('names the init container, somebody else’s, that is waited for', () => {
    const base = { image: 'i', imageID: '', ready: false, restartCount: 0 };
    const behind = (state: V1ContainerState): V1Pod =>
      pod({
        phase: 'Pending',
        initContainerStatuses: [{ ...base, name: 'mesh-init', state }],
        containerStatuses: [{ ...base, name: 'agent', state: { waiting: { reason: 'PodInitializing' } } }],
      });
    for (const [reason, message] of [
      ['ImagePullBackOff', /^the image .* of init container mesh-init, .* cannot be pulled \(ImagePullBackOff\): why$/],
      ['CreateContainerConfigError', /^mesh-init, .* cannot be set up \(CreateContainerConfigError\): why$/],
    ] as const) {
      const error = failure(behind({ waiting: { reason, message: 'why' } }));
      assert.equal(error.code, 'agent-container');
      assert.match(error.message, message);
    }
    const runs = { kind: 'waiting', text: 'on node node1, waiting for init container mesh-init' };
    assert.deepEqual(diagnose(behind({ running: {} }), 'agent'), runs);
  });

  it('sees it running', () => {
    assert.deepEqual(diagnose(inState({ running: {} }), 'agent'), { kind: 'running' });
  });

  it('finds ephemeral containers too', () => {
    const base = { image: 'i', imageID: '', ready: false, restartCount: 0 };
    const subject = pod({
      phase: 'Running',
      containerStatuses: [{ ...base, name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
      ephemeralContainerStatuses: [{ ...base, name: 'agent', state: { running: {} } }],
    });
    assert.deepEqual(diagnose(subject, 'agent'), { kind: 'running' });
  });

  for (const [reason, code] of [
    ['ErrImagePull', 'agent-image'],
    ['ImagePullBackOff', 'agent-image'],
    ['InvalidImageName', 'agent-image'],
    ['ErrImageNeverPull', 'agent-image'],
    ['CreateContainerConfigError', 'agent-container'],
    ['RunContainerError', 'agent-container'],
  ] as const) {
    it(`gives up at ${reason}, in the kubelet's words`, () => {
      const error = failure(inState({ waiting: { reason, message: "the kubelet's own words" } }));
      assert.equal(error.code, code);
      assert.match(error.message, new RegExp(`${reason}\\): the kubelet's own words`));
    });
  }

  it('names the image that cannot be pulled', () => {
    assert.match(
      failure(inState({ waiting: { reason: 'ErrImagePull' } })).message,
      /the image node:24-slim cannot be pulled/,
    );
  });

  it('gives up on a pod that no node takes', () => {
    const message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    const error = failure(pod({ phase: 'Pending', conditions: [condition] }, {}));
    assert.equal(error.code, 'agent-unschedulable');
    assert.ok(error.message.endsWith(message));
  });

  it('waits where the scheduler is told to', () => {
    const condition = { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'gated' };
    assert.equal(diagnose(pod({ phase: 'Pending', conditions: [condition] }, {}), 'agent').kind, 'waiting');
  });

  it('tells an end by exit code, signal and reason', () => {
    const plain = diagnose(inState({ terminated: { exitCode: 7, reason: 'Error', message: 'log' } }), 'agent');
    assert.equal(plain.kind === 'ended' && plain.text, 'exit code 7');
    const killed = diagnose(inState({ terminated: { exitCode: 137, signal: 9, reason: 'OOMKilled' } }), 'agent');
    assert.equal(killed.kind === 'ended' && killed.text, 'OOMKilled, killed by signal 9');
    assert.match(killed.kind === 'ended' ? killed.help : '', /memory/);
  });

  it('gives up on a pod that is evicted or deleted', () => {
    const evicted = pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' });
    assert.match(failure(evicted).message, /Evicted: The node was low on resource: memory/);
    assert.match(failure(pod({ phase: 'Pending' }, {}, new Date(0))).message, /being deleted/);
  });
});

describe("admission's refusals", () => {
  for (const [message, code] of [
    ['pods "a" is forbidden: exceeded quota: small, requested: limits.memory=1Gi, used: 0', 'agent-quota'],
    ['pods "a" is forbidden: failed quota: small: must specify limits.cpu', 'agent-quota'],
    ['pods "a" is forbidden: maximum memory usage per Container is 128Mi, but limit is 256Mi', 'agent-quota'],
    [
      'pods "a" is forbidden: cpu max limit to request ratio per Container is 10, but provided ratio is 50',
      'agent-quota',
    ],
    ['pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot', 'agent-pod-security'],
    ['pods "a" is forbidden: unable to validate against any security context constraint', 'agent-pod-security'],
    ['admission webhook "policy.example" denied the request: no', 'agent-not-admitted'],
  ] as const) {
    it(`are told as ${code}: ${message}`, () => {
      const error = notAdmitted(`Error creating: ${message}`);
      assert.equal(error.code, code);
      assert.equal(error.message, `the agent's pod is refused: ${message}`);
    });
  }

  for (const [status, message, expected] of [
    [403, 'jobs.batch "a" is forbidden: exceeded quota: small', true],
    [422, 'Job.batch "a" is invalid: spec', true],
    [406, 'admission webhook "policy.example" denied the request: not on Fridays', true],
    [500, 'Internal error occurred: failed calling webhook "policy.example": connection refused', true],
    [500, 'etcdserver: request timed out', false],
    [409, 'jobs.batch "a" already exists', false],
  ] as const) {
    it(`${expected ? 'are' : 'are not'} what HTTP ${status} says: ${message}`, () => {
      assert.equal(isAdmissionRefusal(new ApiError(status, { message }, '')), expected);
    });
  }
});
