import assert from 'node:assert/strict';
import type { MirrordError } from '../../../src/errors.ts';
import type { AgentRequest, Cluster } from '../../../src/kube/cluster.ts';
import { openCluster } from '../../support/bundled-kube.ts';
import {
  dropNamespace,
  echo,
  eventually,
  kubectl,
  leftovers,
  makeNamespace,
  program,
  request,
  runs,
} from './support/cluster.ts';

/** Mocha limits each test; a deadline from here on would run while others do. */
const { signal } = new AbortController();
const quiet = (): void => {};
/** "At once" on a machine that does other things as well. */
const AT_ONCE_MS = 8_000;

async function refusal(cluster: Cluster, wanted: AgentRequest): Promise<MirrordError> {
  const begin = performance.now();
  const failure = await cluster.startAgent(wanted, quiet, signal).then(
    async (agent) => {
      await agent.stop(true);
      throw new Error('the agent started');
    },
    (error: MirrordError) => error,
  );
  assert.ok(performance.now() - begin < AT_ONCE_MS, `took ${performance.now() - begin} ms`);
  assert.equal(failure.failure, 'agent', failure.message);
  assert.notEqual(failure.help, undefined);
  await eventually('the Job is removed', () => leftovers(cluster.namespace).length === 0, 20_000);
  return failure;
}

describe('an agent that cannot start', function () {
  this.timeout(60_000);
  let namespace: string;
  let cluster: Cluster;

  before(async () => {
    namespace = await makeNamespace();
    cluster = await openCluster({ namespace, cwd: process.cwd() });
  });
  after(() => {
    cluster.close();
    dropNamespace(namespace);
  });

  it('names an image that cannot be pulled, in the words of the runtime', async () => {
    const error = await refusal(cluster, request({ image: 'localhost:1/nothing/here:1' }));
    assert.equal(error.code, 'agent-image');
    assert.match(error.message, /localhost:1\/nothing\/here:1/);
    assert.match(error.message, /connection refused/);
  });

  it('names an image that is not on the node and may not be pulled', async () => {
    const error = await refusal(cluster, request({ image: 'localhost:1/none:1', imagePullPolicy: 'Never' }));
    assert.equal(error.code, 'agent-image');
    assert.match(error.message, /ErrImageNeverPull/);
  });

  it('names an image that has no valid name', async () => {
    const error = await refusal(cluster, request({ image: 'No Such:Image' }));
    assert.match(error.message, /No Such:Image/);
  });

  it('says why no node takes it', async () => {
    const error = await refusal(cluster, request({ nodeSelector: { moon: 'full' } }));
    assert.equal(error.code, 'agent-unschedulable');
    assert.match(error.message, /node affinity\/selector/);
  });

  it('says so when it wants more than any node has', async () => {
    const error = await refusal(cluster, request({ resources: { requests: { memory: '1000Ti' } } }));
    assert.equal(error.code, 'agent-unschedulable');
    assert.match(error.message, /Insufficient memory/);
  });

  it('shows the last lines of its log and its exit code', async () => {
    // All by one pipe: what comes by two has no order.
    const code = program(
      "for (let i = 0; i < 30; i++) console.error('line ' + i); console.error('no such thing'); process.exit(7);",
    );
    const error = await refusal(cluster, request({}, code));
    assert.equal(error.code, 'agent-ended');
    assert.match(error.message, /exit code 7/);
    assert.match(error.message, /no such thing/);
    assert.doesNotMatch(error.message, /line 3\n/);
  });

  it('says so when the image has another Node than it needs', async () => {
    const old = {
      ...program("console.log(JSON.stringify({ event: 'listening', port: 9, node: 'v18.20.8' })); s.listen();"),
      refuses: (node: string) => `Node ${node.slice(1, 3)} is too old`,
    };
    const error = await refusal(cluster, request({}, old));
    assert.equal(error.code, 'agent-refused');
    assert.match(error.message, /Node 18 is too old/);
  });

  it('says so when the image has no such program', async () => {
    const error = await refusal(cluster, request({}, runs('/no/such/program')));
    assert.match(error.message, /no such file or directory/);
  });

  it('says that it took too long, and at which step', async () => {
    const silent = program('setInterval(() => {}, 1e6);');
    const error = await refusal(cluster, request({ startupTimeoutMs: 3_000 }, silent));
    assert.equal(error.code, 'agent-timeout');
    assert.match(error.message, /within 3 s.*running/);
  });

  it('names a ServiceAccount that is not there', async () => {
    const error = await refusal(cluster, request({ serviceAccount: 'nobody-here' }));
    assert.match(error.message, /nobody-here/);
  });

  it('names a namespace that is not there, and the nearest', async () => {
    await assert.rejects(cluster.startAgent(request({ namespace: 'kube-sistem' }), quiet, signal), {
      code: 'namespace-unknown',
      help: /kube-system/,
    });
  });
});

describe('an agent in a namespace with a quota', function () {
  this.timeout(60_000);
  let namespace: string;
  let cluster: Cluster;

  before(async () => {
    namespace = await makeNamespace();
    cluster = await openCluster({ namespace, cwd: process.cwd() });
    const hard = { 'limits.cpu': '2', 'limits.memory': '300Mi', 'requests.cpu': '1', 'requests.memory': '300Mi' };
    kubectl(['create', '-n', namespace, '-f', '-'], {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small' },
      spec: { hard },
    });
    await eventually('the quota is counted', () =>
      kubectl(['get', 'quota', 'small', '-n', namespace, '-o', 'jsonpath={.status.hard}']).includes('cpu'),
    );
  });
  after(() => {
    cluster.close();
    dropNamespace(namespace);
  });

  it('fits as it is', async () => {
    const agent = await cluster.startAgent(request(), quiet, signal);
    await agent.stop(true);
    await eventually('it is gone', () => leftovers(namespace).length === 0, 20_000);
  });

  it('is refused in the words of the quota when it wants too much', async () => {
    const limits = { cpu: '1', memory: '1Gi' };
    const error = await refusal(cluster, request({ resources: { limits } }));
    assert.equal(error.code, 'agent-quota');
    assert.match(error.message, /exceeded quota: small/);
  });
});

describe('an agent in a namespace that enforces Pod Security restricted', function () {
  this.timeout(60_000);
  let namespace: string;
  let cluster: Cluster;

  before(async () => {
    namespace = await makeNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    cluster = await openCluster({ namespace, cwd: process.cwd() });
  });
  after(() => {
    cluster.close();
    dropNamespace(namespace);
  });

  it('runs', async () => {
    const agent = await cluster.startAgent(request(), quiet, signal);
    const stream = await agent.dial(signal);
    assert.equal(await echo(stream, 'restricted'), 'restricted');
    stream.destroy();
    await agent.stop(true);
    await eventually('it is gone', () => leftovers(namespace).length === 0, 20_000);
  });

  it('is refused in the words of the standard when it asks for more', async () => {
    const error = await refusal(cluster, request({ securityContext: { allowPrivilegeEscalation: true } }));
    assert.equal(error.code, 'agent-pod-security');
    assert.match(error.message, /violates PodSecurity "restricted:latest": allowPrivilegeEscalation/);
  });
});
