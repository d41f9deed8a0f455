import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { agentProgram } from '../../../src/agent/loader.ts';
import { openCluster } from '../../../src/kube/open-cluster.ts';
import type { Cluster } from '../../../src/kube/cluster.ts';
import type { ClusterAgent } from '../../../src/kube/cluster.ts';
import { createTunnel } from '../../../src/peer/client.ts';
import { createTunnelKey } from '../../../src/connection/key.ts';
import type { Tunnel } from '../../../src/peer/tunnel.ts';
import {
  ADMIN,
  OPTIONS,
  dropNamespace,
  eventually,
  kubectl,
  kubectlJson,
  makeNamespace,
  request,
} from './support/cluster.ts';

/** From the goodbye to `terminated` in the pod's status: the agent's farewell, then the kubelet's. */
const ENDED_MS = 3_000;

/** Runs in the target's container, against the loader's PORT: floods it with code of its own, and holds connections. */
const NEIGHBOUR = `
  const [port, size] = process.argv.slice(1).map(Number);
  const wrong = require('zlib').gzipSync("console.log('taken over')");
  const dial = (bytes) => new Promise((resolve) => {
    const socket = require('net').connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', () => {}).on('data', () => resolve(socket)).on('close', () => resolve(socket));
  });
  (async () => {
    for (let i = 0; i < 5; i++) {
      const socket = await dial(Buffer.concat([wrong, Buffer.alloc(size - wrong.length)]));
      if (!socket.destroyed) await require('events').once(socket.resume(), 'close');
    }
    for (let i = 0; i < 700; i++) await dial(Buffer.alloc(i));
    console.log('holding');
    setInterval(() => dial(Buffer.alloc(1)), 10);
  })();`;

/** Keeps 200 MB, of the 300 that the pod may have. */
const LARGE = 'globalThis.kept = Buffer.alloc(200 << 20, 1); setInterval(() => {}, 1e6);';
/** Behind the agent's code: it grows without end. */
const GROWING = '\nconst grown = []; setInterval(() => grown.push(Buffer.alloc(8 << 20, 1)), 50);';

const bundle = readFileSync(fileURLToPath(new URL('../../../dist/agent.cjs', import.meta.url)));

function node(name: string, code: string, resources: object = {}): object {
  const container = { name: 'app', image: OPTIONS.image, imagePullPolicy: 'IfNotPresent', resources };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [{ ...container, command: ['node', '-e', code] }],
    },
  };
}

describe('an agent in the pod of others', function () {
  this.timeout(60_000);
  let namespace: string;
  let cluster: Cluster;
  const started: ChildProcess[] = [];
  const key = createTunnelKey();
  const { signal } = new AbortController();

  before(async () => {
    namespace = await makeNamespace();
    const limits = { cpu: '200m', memory: '300Mi' };
    const items = [node('neighbour', 'setInterval(() => {}, 1e6)'), node('large', LARGE, { limits })];
    kubectl(['create', '-n', namespace, '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
    kubectl(['wait', '-n', namespace, '--for=condition=Ready', 'pod', '--all', '--timeout=60s']);
    cluster = await openCluster({ namespace, cwd: process.cwd() });
  });
  after(() => {
    for (const child of started) child.kill();
    cluster.close();
    dropNamespace(namespace);
  });

  async function startIn(pod: string, code: Uint8Array): Promise<ClusterAgent> {
    const target = await cluster.resolveTarget({ kind: 'pod', name: pod }, 10_000, () => {}, signal);
    const wanted = { ...request({}, agentProgram(code)), publicKey: key.publicKey };
    return cluster.startTargetAgent(target, wanted, () => {}, signal);
  }

  const connect = (agent: ClusterAgent): Promise<Tunnel> =>
    createTunnel(agent.dial, key, {}, { lost() {}, resumed() {}, dead() {} });

  const podOf = (name: string): V1Pod => kubectlJson(['get', 'pod', name, '-n', namespace]) as V1Pod;
  const agentOf = (name: string): V1ContainerStatus | undefined => podOf(name).status?.ephemeralContainerStatuses?.[0];

  /** Resolves when the neighbour holds its connections. */
  async function besiege(port: number, size: string): Promise<void> {
    const args = ['exec', '-n', namespace, 'neighbour', '-c', 'app', '--', 'node', '-e', NEIGHBOUR, String(port), size];
    const child = spawn('kubectl', args, {
      env: { ...process.env, KUBECONFIG: ADMIN },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started.push(child);
    const [line] = await once(createInterface(child.stdout), 'line');
    assert.equal(line, 'holding');
  }

  it('runs no code of a neighbour, is reached past all that it holds, and ends at the goodbye', async () => {
    const agent = await startIn('neighbour', bundle);
    const container = podOf('neighbour').spec?.ephemeralContainers?.[0];
    const log = (): string => kubectl(['logs', 'neighbour', '-c', container?.name ?? '', '-n', namespace]);
    const [, , , , , , size = ''] = container?.command ?? [];
    const { port } = JSON.parse(log().split('\n')[0] ?? '') as { port: number };
    await besiege(port, size);
    const tunnel = await connect(agent);
    assert.equal((await tunnel.info()).node.slice(0, 3), 'v24');
    await tunnel.goodbye();
    const told = performance.now();
    await eventually('it has ended', () => agentOf('neighbour')?.state?.terminated !== undefined, ENDED_MS);
    assert.ok(performance.now() - told < ENDED_MS);
    assert.equal(agentOf('neighbour')?.state?.terminated?.exitCode, 0);
    assert.doesNotMatch(log(), /taken over/);
  });

  it('goes before a larger target when the memory of a Guaranteed pod runs out', async () => {
    const target = podOf('large').status?.containerStatuses?.[0];
    assert.equal(podOf('large').status?.qosClass, 'Guaranteed');
    const tunnel = await connect(await startIn('large', Buffer.concat([bundle, Buffer.from(GROWING)])));
    await eventually('the agent has ended', () => agentOf('large')?.state?.terminated !== undefined, 30_000);
    tunnel.close();
    assert.equal(agentOf('large')?.state?.terminated?.reason, 'OOMKilled');
    assert.equal(podOf('large').status?.containerStatuses?.[0]?.containerID, target?.containerID);
    assert.equal(podOf('large').status?.containerStatuses?.[0]?.restartCount, 0);
  });
});
