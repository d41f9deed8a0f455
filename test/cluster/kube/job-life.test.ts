import assert from 'node:assert/strict';
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import type { Cluster } from '../../../src/kube/cluster.ts';
import { openCluster } from '../../support/bundled-kube.ts';
import {
  dropNamespace,
  echo,
  eventually,
  kubectlJson,
  leftovers,
  makeNamespace,
  program,
  request,
  runs,
} from './support/cluster.ts';

describe('the life of an agent Job', function () {
  this.timeout(60_000);
  let namespace: string;
  let cluster: Cluster;
  /** Mocha limits each test; a deadline from here on would run while others do. */
  const { signal } = new AbortController();
  const quiet = (): void => {};

  before(async () => {
    namespace = await makeNamespace();
    cluster = await openCluster({ namespace, cwd: process.cwd() });
  });
  after(() => {
    cluster.close();
    dropNamespace(namespace);
  });

  it('tells its steps, listens, carries bytes, and is gone after stop', async () => {
    const steps: string[] = [];
    const agent = await cluster.startAgent(request(), (text) => steps.push(text), signal);
    assert.match(agent.name, /^job\/mirrord-agent-[a-z0-9]{5}$/);
    assert.equal(agent.kind, 'job');
    assert.notEqual(agent.node, '');
    assert.ok(steps.includes(`${agent.name} created`), steps.join('\n'));
    assert.ok(steps.includes(`on node ${agent.node}, running`), steps.join('\n'));
    const stream = await agent.dial(signal);
    assert.equal(await echo(stream, 'hello, pod'), 'hello, pod');
    stream.destroy();
    await agent.stop(true);
    await eventually('Job and pod are gone', () => leftovers(namespace).length === 0);
  });

  it('looks like an agent that any namespace takes', async () => {
    const agent = await cluster.startAgent(
      request({ labels: { team: 'a' }, annotations: { note: 'b' }, nodeSelector: { 'kubernetes.io/os': 'linux' } }),
      quiet,
      signal,
    );
    try {
      const job = kubectlJson(['get', agent.name, '-n', namespace]) as V1Job;
      const pod = kubectlJson(['get', 'pod', agent.pod, '-n', namespace]) as V1Pod;
      const container = pod.spec!.containers[0];
      assert.equal(job.spec?.ttlSecondsAfterFinished, 30);
      assert.equal(job.spec?.backoffLimit, 0);
      assert.equal(pod.spec?.automountServiceAccountToken, false);
      assert.equal(pod.metadata?.labels?.['team'], 'a');
      assert.equal(pod.metadata?.annotations?.['note'], 'b');
      assert.equal(pod.metadata?.annotations?.['linkerd.io/inject'], 'disabled');
      assert.equal(pod.metadata?.labels?.['sidecar.istio.io/inject'], 'false');
      assert.match(job.metadata?.labels?.['mirrord/owner'] ?? '', /^[0-9a-f]{16}$/);
      assert.equal(container.securityContext?.readOnlyRootFilesystem, true);
      assert.ok(container.resources?.limits?.['memory'] !== undefined);
      assert.ok(container.resources?.requests?.['cpu'] !== undefined);
    } finally {
      await agent.stop(true);
    }
  });

  it('serves two clients, and one of them twice', async () => {
    const other = await openCluster({ namespace, cwd: process.cwd() });
    const agents = await Promise.all([
      cluster.startAgent(request(), quiet, signal),
      other.startAgent(request(), quiet, signal),
    ]);
    assert.notEqual(agents[0].name, agents[1].name);
    const streams = await Promise.all([agents[0].dial(signal), agents[0].dial(signal), agents[1].dial(signal)]);
    const answers = await Promise.all(streams.map((stream, i) => echo(stream, `stream ${i}`)));
    assert.deepEqual(answers, ['stream 0', 'stream 1', 'stream 2']);
    for (const stream of streams) stream.destroy();
    await Promise.all(agents.map((agent) => agent.stop(true)));
    other.close();
    await eventually('both are gone', () => leftovers(namespace).length === 0);
  });

  it('says that the agent is gone when its pod is', async () => {
    const agent = await cluster.startAgent(request(), quiet, signal);
    const stream = await agent.dial(signal);
    const ended = new Promise<Error | null>((resolve) => {
      stream
        .once('error', resolve)
        .once('end', () => resolve(null))
        .resume();
    });
    await agent.stop(true);
    await ended;
    await eventually('it is gone', () => leftovers(namespace).length === 0);
    await assert.rejects(agent.dial(signal), { code: 'agent-gone' });
  });

  it('ends a connection to a port where nothing listens, in the words of the node', async () => {
    const liar = program("console.log(JSON.stringify({ event: 'listening', port: 9 })); setInterval(() => {}, 1e6);");
    const agent = await cluster.startAgent(request({}, liar), quiet, signal);
    try {
      const stream = await agent.dial(signal);
      const error = await new Promise<Error>((resolve) => stream.once('error', resolve).resume());
      assert.match(error.message, /connection refused/);
    } finally {
      await agent.stop(true);
    }
  });

  for (const [step, matches] of Object.entries({
    'before the Job is created': null,
    'once the Job is created': / created$/,
    'while the pod waits': /^waiting for a node|starting$/,
    'once the pod runs': /running$/,
  })) {
    it(`leaves nothing when it is aborted ${step}`, async () => {
      const controller = new AbortController();
      const reason = new Error('Ctrl-C');
      if (matches === null) setImmediate(() => controller.abort(reason));
      const report = (text: string): void => {
        if (matches?.test(text)) controller.abort(reason);
      };
      // Never listens, so that no step is missed.
      const silent = runs('sleep', '60');
      await assert.rejects(cluster.startAgent(request({}, silent), report, controller.signal), reason);
      await eventually('Job and pod are gone', () => leftovers(namespace).length === 0, 20_000);
    });
  }
});
