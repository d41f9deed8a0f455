/**
 * The paths through a real API server (scripts/cluster), both to the same pod:
 *
 *     K  kubectl port-forward      R  mirrord, with an agent pod of its own
 *
 * and K20 and R20, the same with a proxy before the API server that adds 20 ms to its round trip.  Each client is on a
 * machine that reaches nothing of the cluster but the API server.  The pod's servers are those of the sandbox.
 */
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionStatus } from '../../src/control/answers.ts';
import { Developer, HOME, cluster } from '../../test/cluster/support/developer.ts';
import { must } from '../sandbox/command.ts';
import type { Sandbox } from '../sandbox/index.ts';
import { namespaceName } from '../sandbox/leftovers.ts';
import { Machine } from '../sandbox/machine.ts';
import type { Path, Process } from './path.ts';
import { PORTS } from './paths.ts';
import { PortForward } from './port-forward.ts';
import { readIfThere } from './processes.ts';
import { defined } from '../../src/defined.ts';

const SCRIPTS = join(import.meta.dirname, '..');
const IMAGE = 'docker.io/local/mirrord-benchmark:1';
const POD = 'servers';
/** kubectl has an iperf3 of its own: it may leave it in the middle of a test. */
const FORWARDED = { ...PORTS, iperf: PORTS.iperf + 1 };
/** One whose client went without a word is to be free again soon. */
const IPERF_SERVER = ['/bin/iperf3', '-s', '--idle-timeout', '5', '--rcv-timeout', '5000'];
const LOCALHOST = '127.0.0.1';
/** On each of the two ways of the round trip. */
const DELAY_MS = 10;
/** Its scheduler and kubelet; the image is there already. */
const POD_READY = '60s';
const KUBECTL_DEADLINE_MS = 90_000;
/** What else bytes to a pod go through, on either path. */
const CARRIERS = ['apiserver', 'kubelet', 'containerd'];

export interface ClusterPaths {
  readonly paths: readonly Path[];
  close(): Promise<void>;
}

/** `folder` is for files of this run. */
export async function openClusterPaths(sandbox: Sandbox, wire: string, folder: string): Promise<ClusterPaths> {
  const namespace = `mirrord-bench-${sandbox.id}`;
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.toReversed()) await step();
  };
  try {
    takeBack(undo, ['kubectl', 'delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
    const address = await startPod(namespace, wire, folder);
    const paths: Path[] = [];
    for (const delayed of [false, true]) {
      paths.push(await portForward(sandbox, namespace, folder, delayed, undo));
      paths.push(await mirrord(namespace, address, delayed, undo));
    }
    return { paths, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The cluster outlives this process: taken back even when it ends by an error or a signal. */
function takeBack(undo: (() => unknown)[], args: readonly string[]): void {
  const step = (): unknown => cluster(args);
  process.once('exit', step);
  undo.push(() => {
    process.off('exit', step);
    step();
  });
}

export function kubectlProgram(): string {
  return join(cluster(['kubectl-folder']).trim(), 'kubectl');
}

/** Resolves to the pod's address. */
async function startPod(namespace: string, wire: string, folder: string): Promise<string> {
  const tar = join(folder, 'image.tar');
  const iperf = (await must('which', ['iperf3'])).trim();
  await must(join(SCRIPTS, 'kubernetes/make-image'), [IMAGE, tar, `${wire}:/bin/wire`, `${iperf}:/bin/iperf3`]);
  cluster(['load', tar]);
  const container = (name: string, ...command: string[]): object => ({ name, image: IMAGE, command });
  const containers = [
    container('echo', '/bin/wire', 'serve', String(PORTS.echo)),
    ...[PORTS, FORWARDED].map(({ iperf: port }) => container(`iperf-${port}`, ...IPERF_SERVER, '-p', String(port))),
  ];
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: POD, namespace },
      spec: { containers, terminationGracePeriodSeconds: 0, automountServiceAccountToken: false },
    },
  ];
  await kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl(['wait', '-n', namespace, '--for=condition=Ready', `pod/${POD}`, `--timeout=${POD_READY}`]);
  return kubectl(['get', 'pod', POD, '-n', namespace, '-o', 'jsonpath={.status.podIP}']);
}

/** The kubeconfig for a client on `machine`; `delayed`: by way of a proxy there. */
async function kubeconfigOn(machine: Machine, delayed: boolean): Promise<string> {
  const config = readFileSync(cluster(['kubeconfig']).trim(), 'utf8');
  if (!delayed) return config;
  const server = /^\s*server: (\S+)$/m.exec(config)?.[1] ?? '';
  const { hostname, port } = new URL(server);
  const program = join(import.meta.dirname, 'delay-proxy.ts');
  const proxy = machine.start(process.execPath, [program, hostname, port, String(DELAY_MS)]);
  const [line] = (await once(proxy.stdout, 'data')) as [Buffer];
  return config.replace(server, `https://${LOCALHOST}:${line.toString().trim()}`);
}

async function portForward(
  sandbox: Sandbox,
  namespace: string,
  folder: string,
  delayed: boolean,
  undo: (() => unknown)[],
): Promise<Path> {
  const name = namespaceName(sandbox.id, delayed ? 'kubectl-20' : 'kubectl');
  takeBack(undo, ['detach', name]);
  cluster(['attach', name]);
  const machine = new Machine([`--net=/run/netns/${name}`]);
  const kubeconfig = join(folder, `${name}.kubeconfig`);
  writeFileSync(kubeconfig, await kubeconfigOn(machine, delayed), { mode: 0o600 });
  const forward = await PortForward.open(machine, {
    kubectl: kubectlProgram(),
    kubeconfig,
    namespace,
    pod: POD,
    ports: Object.values(FORWARDED),
  });
  undo.push(() => forward.end());
  return {
    letter: delayed ? 'K20' : 'K',
    title: `kubectl port-forward${delayed ? ', 20 ms' : ''}`,
    client: machine,
    address: LOCALHOST,
    ports: FORWARDED,
    nameServer: undefined,
    get processes() {
      return [{ name: 'kubectl', pid: forward.pid }];
    },
    get clusterProcesses() {
      return carriers();
    },
    mend: (failed) => forward.mend(failed),
  };
}

async function mirrord(namespace: string, address: string, delayed: boolean, undo: (() => unknown)[]): Promise<Path> {
  const developer = await Developer.open();
  undo.push(() => developer.close());
  developer.write(`${HOME}/.kube/config`, await kubeconfigOn(developer.machine, delayed));
  const session = await developer.up(['-n', namespace]).ready();
  undo.push(() => session.end());
  const { stdout } = await developer.mirrordRun(['status', '--json']);
  const [status] = (JSON.parse(stdout) as { sessions: SessionStatus[] }).sessions;
  if (!status?.agent) throw new Error('the session is not to be found');
  return {
    letter: delayed ? 'R20' : 'R',
    title: `mirrord, Kubernetes${delayed ? ', 20 ms' : ''}`,
    client: developer.machine,
    address,
    ports: PORTS,
    nameServer: undefined,
    processes: [
      { name: 'host', pid: session.child.pid as number },
      { name: 'session', pid: status.pid },
      { name: 'agent', pid: await agentProcess(namespace, status.agent.name) },
    ],
    get clusterProcesses() {
      return carriers();
    },
  };
}

/** The containers run on this machine: a process's cgroup names its pod (by the systemd driver with underscores). */
async function agentProcess(namespace: string, job: string): Promise<number> {
  const agents = ['get', 'pods', '-n', namespace, '-l', job.replace('job/', 'job-name=')];
  const uid = await kubectl([...agents, '-o', 'jsonpath={.items[0].metadata.uid}']);
  const pid = readdirSync('/proc')
    .map(Number)
    .find((one) => one > 0 && inPod(one, uid) && readIfThere(`/proc/${one}/cmdline`).startsWith('node'));
  if (pid === undefined) throw new Error('the agent is not to be found on this machine');
  return pid;
}

const inPod = (pid: number, uid: string): boolean =>
  readIfThere(`/proc/${pid}/cgroup`).replaceAll('_', '-').includes(uid);

function carriers(): Process[] {
  const { components } = JSON.parse(cluster(['status', '--json'])) as { components: Process[] };
  return components.filter(({ name }) => CARRIERS.includes(name));
}

function kubectl(args: readonly string[], input?: string): Promise<string> {
  const options = { timeoutMs: KUBECTL_DEADLINE_MS, ...defined({ input }) };
  return must(join(SCRIPTS, 'cluster'), ['kubectl', ...args], options);
}
