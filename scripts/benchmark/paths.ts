/**
 * The paths, all to the same servers in the sandbox's cluster:
 *
 *     D  veth into the cluster's namespace         S  slirp4netns, tap in a namespace of its own
 *     P  pasta, tap in a namespace of its own      M  mirrord on the developer machine
 */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CLUSTER_DNS, pod } from '../sandbox/addresses.ts';
import { must } from '../sandbox/command.ts';
import type { Sandbox } from '../sandbox/index.ts';
import { namespaceName } from '../sandbox/leftovers.ts';
import { Machine } from '../sandbox/machine.ts';
import { up } from '../sandbox/session.ts';
import type { Session } from '../sandbox/session.ts';
import type { SessionStatus } from '../../src/control/answers.ts';
import type { Path } from './path.ts';
import { readIfThere } from './processes.ts';

export const ECHO_PORT = 7007;
const IPERF_PORT = 5201;
/** The servers'; also where a path forwards them to. */
export const PORTS = { echo: ECHO_PORT, iperf: IPERF_PORT };

const DIRECT = { client: '192.0.2.2', server: '192.0.2.1' };
/** The host's address inside slirp4netns's network (slirp4netns(1)). */
const SLIRP_HOST = '10.0.2.2';
const TAP_DEADLINE_MS = 5_000;

export async function startServers(sandbox: Sandbox, wire: string): Promise<void> {
  const echo = sandbox.cluster.start(wire, ['serve', String(ECHO_PORT)]);
  const iperf = sandbox.cluster.start('iperf3', ['-s', '-p', String(IPERF_PORT), '--forceflush']);
  await Promise.all([once(echo.stdout, 'data'), once(iperf.stdout, 'data')]);
  iperf.stdout.resume();
}

export async function openPaths(sandbox: Sandbox, letters: string): Promise<Path[]> {
  // Always opened: it brings the default route that the others lean on.
  const paths = [await direct(sandbox)];
  if (letters.includes('P')) paths.push(await pasta(sandbox));
  if (letters.includes('S')) paths.push(await slirp(sandbox));
  if (letters.includes('M')) paths.push(await mirrord(sandbox));
  return paths.filter(({ letter }) => letters.includes(letter));
}

async function client(sandbox: Sandbox, side: string): Promise<{ name: string; machine: Machine }> {
  const name = namespaceName(sandbox.id, side);
  await must('ip', ['netns', 'add', name]);
  await must('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  return { name, machine: new Machine([`--net=/run/netns/${name}`]) };
}

/** Also gives the cluster the default route that pasta and slirp4netns want to see. */
async function direct(sandbox: Sandbox): Promise<Path> {
  const { name, machine } = await client(sandbox, 'direct');
  await must('ip', ['-n', sandbox.target, '-batch', '-'], {
    input: [
      `link add bench type veth peer name bench netns ${name}`,
      'link set bench up',
      `address add ${DIRECT.server}/24 dev bench`,
      `route add default via ${DIRECT.client}`,
      '',
    ].join('\n'),
  });
  await must('ip', ['-n', name, '-batch', '-'], {
    input: `link set bench up\naddress add ${DIRECT.client}/24 dev bench\n`,
  });
  const address = DIRECT.server;
  return {
    letter: 'D',
    title: 'direct veth',
    client: machine,
    address,
    ports: PORTS,
    nameServer: address,
    processes: [],
  };
}

async function pasta(sandbox: Sandbox): Promise<Path> {
  const { name, machine } = await client(sandbox, 'pasta');
  const args = ['-f', '-q', '--config-net', '--runas', '0', '--netns', `/run/netns/${name}`];
  const child = sandbox.cluster.start('pasta', args);
  await tapIsUp(machine, child.stderr);
  const address = DIRECT.client;
  const processes = [{ name: 'pasta', pid: child.pid as number }];
  return { letter: 'P', title: 'pasta', client: machine, address, ports: PORTS, nameServer: address, processes };
}

async function slirp(sandbox: Sandbox): Promise<Path> {
  const { name, machine } = await client(sandbox, 'slirp');
  const args = ['--configure', '--mtu=65520', '--netns-type=path', `/run/netns/${name}`, 'tap0'];
  const child = sandbox.cluster.start('slirp4netns', args);
  child.stdout.resume();
  await tapIsUp(machine, child.stderr);
  const processes = [{ name: 'slirp4netns', pid: child.pid as number }];
  return {
    letter: 'S',
    title: 'slirp4netns',
    client: machine,
    address: SLIRP_HOST,
    ports: PORTS,
    nameServer: SLIRP_HOST,
    processes,
  };
}

async function mirrord(sandbox: Sandbox): Promise<Path> {
  const session = await up(sandbox, { as: 'root' }).ready();
  const processes = await sessionProcesses(sandbox, session);
  return {
    letter: 'M',
    title: 'mirrord',
    client: sandbox.developer,
    address: pod(1).v4,
    ports: PORTS,
    nameServer: CLUSTER_DNS.v4,
    processes,
  };
}

/** Root part, session and agent. */
export async function sessionProcesses(sandbox: Sandbox, session: Session): Promise<{ name: string; pid: number }[]> {
  const { stdout } = await sandbox.developer.run(sandbox.mirrord, ['status', '--json']);
  const [status] = (JSON.parse(stdout) as { sessions: SessionStatus[] }).sessions;
  const agent = readdirSync('/proc')
    .map(Number)
    .find((pid) => pid > 0 && parentIs(pid, session.child.pid) && runsAgent(pid));
  if (status === undefined || agent === undefined) throw new Error('the session or its agent is not to be found');
  return [
    { name: 'host', pid: session.child.pid as number },
    { name: 'session', pid: status.pid },
    { name: 'agent', pid: agent },
  ];
}

const parentIs = (pid: number, parent: number | undefined): boolean =>
  readIfThere(`/proc/${pid}/status`).includes(`\nPPid:\t${parent}\n`);

const runsAgent = (pid: number): boolean => readIfThere(`/proc/${pid}/cmdline`).includes('/agent.cjs');

async function tapIsUp(machine: Machine, errors: NodeJS.ReadableStream): Promise<void> {
  let words = '';
  errors.on('data', (chunk: Buffer) => {
    words += chunk.toString();
  });
  for (const end = Date.now() + TAP_DEADLINE_MS; ; await delay(20)) {
    const { stdout } = await machine.run('ip', ['-o', '-4', 'route', 'show', 'default']);
    if (stdout !== '') return;
    if (Date.now() > end) throw new Error(`no default route appeared: ${words}`);
  }
}
