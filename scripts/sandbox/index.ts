/**
 * A small world in network namespaces, for the demo, the tests and the benchmark.
 *
 *     developer ── veth ── internet          cluster
 *     own /etc, /run       DNS, web          services, pods, DNS
 *
 * No wire leads from the developer machine to the cluster: what gets there went through mirrord.  Several sandboxes can
 * be up at once.  `close` removes everything; what a killed owner has left goes at the next start.  Needs root.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { DEVELOPER, GATEWAY, PUBLIC_DNS, PUBLIC_WEB, UNREACHABLE_RANGE } from './addresses.ts';
import { CLUSTER_DNS } from './addresses.ts';
import { SEARCH, clusterAddresses } from './catalog.ts';
import { must } from './command.ts';
import { claim, cleanUp, namespaceName, networkNamespace, remove, stateFolder } from './leftovers.ts';
import { Machine } from './machine.ts';

export interface Sandbox {
  readonly id: string;
  /** Name of the cluster's namespace: `mirrord up -t netns/NAME`. */
  readonly target: string;
  readonly cluster: Machine;
  readonly developer: Machine;
  /** The process that holds the developer machine's namespaces. */
  readonly developerPid: number;
  readonly internet: Machine;
  /** The developer machine's path of `bin/mirrord`; readable by every user there. */
  readonly mirrord: string;
  close(): Promise<void>;
}

const CHECKOUT = join(import.meta.dirname, '../..');

export interface SandboxOptions {
  /** false: nobody listens at the cluster's name server address. */
  readonly nameServer?: boolean;
}

export async function createSandbox({ nameServer = true }: SandboxOptions = {}): Promise<Sandbox> {
  if (process.getuid?.() !== 0) throw new Error('the sandbox needs root: network namespaces are made');
  await cleanUp();
  const id = randomBytes(3).toString('hex');
  claim(id);
  const unnamed: number[] = [];
  try {
    return await build(id, unnamed, nameServer);
  } catch (error) {
    await remove(id, unnamed);
    throw error;
  }
}

async function build(id: string, unnamed: number[], nameServer: boolean): Promise<Sandbox> {
  const folder = stateFolder(id);
  const cluster = namespaceName(id, 'cluster');
  const internet = namespaceName(id, 'internet');
  await must('ip', ['-batch', '-'], { input: `netns add ${cluster}\nnetns add ${internet}\n` });

  const holder = await startDeveloper(folder, cluster);
  const inode = networkNamespace(holder);
  if (inode === undefined) throw new Error('the developer machine ended at once');
  unnamed.push(inode);
  writeFileSync(join(folder, 'developer'), String(inode));

  await Promise.all([
    must('ip', ['-n', cluster, '-batch', '-'], { input: clusterNetwork() }),
    must('ip', ['-n', internet, '-batch', '-'], { input: internetNetwork(holder) }).then(() =>
      must('nsenter', ['--target', String(holder), '--net', 'ip', '-batch', '-'], { input: developerNetwork() }),
    ),
  ]);
  const log = (side: string): string => join(folder, `${side}-queries.log`);
  await Promise.all([
    startServices(cluster, nameServer ? 'cluster' : 'cluster-without-dns', log('cluster')),
    startServices(internet, 'internet', log('internet')),
  ]);

  return {
    id,
    target: cluster,
    cluster: new Machine([`--net=/run/netns/${cluster}`], log('cluster')),
    developer: new Machine(['--target', String(holder), '--mount', '--net']),
    developerPid: holder,
    internet: new Machine([`--net=/run/netns/${internet}`], log('internet')),
    mirrord: '/run/checkout/bin/mirrord',
    close: () => remove(id, unnamed),
  };
}

/** Starts the process that holds the developer machine's namespaces; resolves to its id. */
async function startDeveloper(folder: string, cluster: string): Promise<number> {
  const script = join(import.meta.dirname, 'developer.sh');
  const child = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'unshare',
      '--net',
      '--mount',
      '--propagation',
      'private',
      'sh',
      script,
      folder,
      CHECKOUT,
      cluster,
      PUBLIC_DNS.v4,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  child.stdin.end(`nameserver ${CLUSTER_DNS.v4}\nsearch ${SEARCH.join(' ')}\noptions ndots:5\n`);
  await ready(child, 'the developer machine');
  return child.pid as number;
}

async function startServices(namespace: string, side: string, log: string): Promise<void> {
  const main = join(import.meta.dirname, 'services/main.ts');
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'nsenter', `--net=/run/netns/${namespace}`, process.execPath, main, side, log],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await ready(child, `the ${side}'s services`);
}

async function ready(child: ChildProcessByStdio<Writable | null, Readable, null>, what: string): Promise<void> {
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
  if (line !== 'ready') throw new Error(`${what} did not start (${String(line)})`);
  // It must not keep its owner alive, nor be kept waiting for a reader.
  child.stdout.resume();
  child.unref();
  (child.stdout as Readable & { unref?(): void }).unref?.();
}

/** The wires of `pods` and `services` lead nowhere; they are there for their subnets. */
function clusterNetwork(): string {
  const wire = (name: string): string[] => [
    `link add ${name} type veth peer name ${name}-end`,
    `link set ${name}-end addrgenmode none up`,
    `link set ${name} addrgenmode none up`,
  ];
  const onService = (address: string): boolean => address.startsWith('10.96.') || address.startsWith('fd00:10:96:');
  return [
    'link set lo up',
    ...wire('pods'),
    ...wire('services'),
    'address add 10.244.0.1/16 dev pods',
    'address add fd00:10:244::1/64 dev pods nodad',
    'address add 10.96.0.1/16 dev services',
    'address add fd00:10:96::1/112 dev services nodad',
    ...clusterAddresses().map((address) =>
      address.includes(':')
        ? `address add ${address}/128 dev ${onService(address) ? 'services' : 'pods'} nodad`
        : `address add ${address}/32 dev ${onService(address) ? 'services' : 'pods'}`,
    ),
    `route add unreachable ${UNREACHABLE_RANGE}`,
    '',
  ].join('\n');
}

function internetNetwork(developerPid: number): string {
  return [
    'link set lo up',
    `link add lan type veth peer name eth0 netns ${developerPid}`,
    'link set lan up',
    `address add ${GATEWAY.v4}/24 dev lan`,
    `address add ${GATEWAY.v6}/64 dev lan nodad`,
    `address add ${PUBLIC_DNS.v4}/32 dev lan`,
    `address add ${PUBLIC_DNS.v6}/128 dev lan nodad`,
    `address add ${PUBLIC_WEB.v4}/32 dev lo`,
    `address add ${PUBLIC_WEB.v6}/128 dev lo nodad`,
    '',
  ].join('\n');
}

function developerNetwork(): string {
  return [
    'link set lo up',
    'link set eth0 up',
    `address add ${DEVELOPER.v4}/24 dev eth0`,
    `address add ${DEVELOPER.v6}/64 dev eth0 nodad`,
    `route add default via ${GATEWAY.v4}`,
    `route add default via ${GATEWAY.v6}`,
    '',
  ].join('\n');
}

export type { Machine, Identity } from './machine.ts';
export type { Outcome } from './command.ts';
