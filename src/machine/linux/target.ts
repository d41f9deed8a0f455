/** Targets on this machine: a network namespace by its name, or a process's. */
import { closeSync, constants, fstatSync, openSync, readlinkSync, statSync } from 'node:fs';
import { editDistance } from '../../edit-distance.ts';
import { MirrordError } from '../../errors.ts';
import type { MachineFacts, NetworkTargetFacts } from '../facts.ts';
import { cidrHolds, formatCidr, parseCidr, isLinkLocal, isLoopback } from '../../net/index.ts';
import { readAddresses, readRoutes } from './facts.ts';
import type { Run } from './system/commands.ts';
import type { System } from './system/system.ts';
import { O_PATH } from './system/open-below.ts';
import { readAsUser } from './processes/read-as-user.ts';
import type { User } from '../user.ts';
import { asUser } from './processes/user.ts';

export interface NetworkTarget {
  /** As people name it. */
  readonly path: string;
  /**
   * For `nsenter --net=`.  It is a descriptor of this process, and not the name: what once was chosen stays the target, also
   * when a process of the same number comes after it.
   */
  readonly namespace: string;
  readonly resolvConf: string;
}

/** While its resolv.conf is still being read; the promise never rejects. */
export type OpenedTarget = Omit<NetworkTarget, 'resolvConf'> & { readonly resolvConf: Promise<string> };

/** On whose behalf a target is opened, and the program that reads files with this user's rights. */
export interface TargetContext {
  readonly system: System;
  readonly user: User;
  readonly reader: readonly string[];
}

/** How many names an error offers. */
const SUGGESTIONS = 5;

/** nsfs(5) has no file that is read; this opens it and does not wait for a FIFO that stands in its place. */
const NAMESPACE_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** What is opened stays open as long as this process lives. */
export function openTarget(context: TargetContext, target: string): Promise<OpenedTarget> {
  const [kind, name = ''] = target.split('/', 2);
  return kind === 'netns' ? openNamed(context, name) : openProcess(context, name);
}

async function openNamed({ system, user, reader }: TargetContext, name: string): Promise<OpenedTarget> {
  const { files } = system;
  const path = files.path(`/run/netns/${name}`);
  const namespace = attempt(() => openSync(path, NAMESPACE_FLAGS));
  if (namespace === undefined || !isNamespace(namespace)) throw unknownNamespace(name, files.list('/run/netns'));
  const root = openSync(files.path('/'), O_PATH);
  try {
    const paths = [`/etc/netns/${name}/resolv.conf`, '/etc/resolv.conf'];
    return { path, namespace: pathOf(namespace), resolvConf: readAsUser(root, paths, user, reader) };
  } finally {
    closeSync(root);
  }
}

async function openProcess(context: TargetContext, number: string): Promise<OpenedTarget> {
  // Through this descriptor it is the same process to the end, or none: its number may be given out again.
  const path = context.system.files.path(`/proc/${number}`);
  const pinned = attempt(() => openSync(path, O_PATH));
  if (pinned === undefined) throw unknownProcess(number);
  const opened = [pinned];
  try {
    const inside = pathOf(pinned);
    await refuseOthersNamespace(context, number, inside);
    const namespace = attempt(() => openSync(`${inside}/ns/net`, NAMESPACE_FLAGS), number);
    const root = attempt(() => openSync(`${inside}/root`, O_PATH), number);
    if (namespace === undefined || root === undefined) throw unknownProcess(number);
    opened.push(root);
    const resolvConf = readAsUser(root, ['/etc/resolv.conf'], context.user, context.reader);
    return { path: `${path}/ns/net`, namespace: pathOf(namespace), resolvConf };
  } finally {
    for (const each of opened) closeSync(each);
  }
}

/**
 * A user who may call mirrord by sudo may enter the networks of this machine.  That does not hold for other user
 * namespaces, which have a root of their own: such a one must be one that the user could enter without us.
 */
async function refuseOthersNamespace({ system, user }: TargetContext, number: string, inside: string): Promise<void> {
  const own = system.files.link('/proc/self/ns/user');
  const read = (): string | undefined => attempt(() => readlinkSync(`${inside}/ns/user`), number);
  if (user.uid === 0 || read() === own) return;
  const [command, ...args] = [...asUser(system.files, user), 'nsenter', '--preserve-credentials'];
  const namespaces = ['user', 'net'].map((kind) => `--${kind}=/proc/${number}/ns/${kind}`);
  const { code } = await system.run(command, [...args, ...namespaces, 'true']);
  // Had it ended meanwhile, its number could have meant another one.
  if (read() === undefined) throw unknownProcess(number);
  if (code !== 0)
    throw forbidden(number, `the user ${user.name} may not enter its user namespace: choose a process of your own.`);
}

/** A port of this machine's own that came to this machine would come round for ever. */
export function refuseOwnNetwork({ path, namespace }: OpenedTarget): void {
  if (statSync(namespace).ino !== statSync('/proc/self/ns/net').ino) return;
  throw new MirrordError('usage', 'incoming-own-network', `The network of ${path} is this machine's own network.`, {
    help: 'Its incoming traffic already arrives here: let your program listen on the port.',
  });
}

const pathOf = (descriptor: number): string => `/proc/${process.pid}/fd/${descriptor}`;

/** Namespaces are the only files of their file system (nsfs); another file there may keep its reader waiting. */
const isNamespace = (descriptor: number): boolean => fstatSync(descriptor).dev === statSync('/proc/self/ns/net').dev;

/** Undefined for what is not there.  Even root may be kept from looking into a process, which is told with its number. */
function attempt<T>(open: () => T, number?: string): T | undefined {
  try {
    return open();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    if (code !== 'EACCES' || number === undefined) throw cause;
    const help =
      'It belongs to another user namespace, or root lacks CAP_SYS_PTRACE, as in a container: run mirrord outside the container.';
    throw forbidden(number, help, cause);
  }
}

const forbidden = (number: string, help: string, cause?: unknown): MirrordError =>
  new MirrordError('permission', 'process-forbidden', `The network of process ${number} cannot be entered.`, {
    help,
    cause,
  });

const unknownProcess = (number: string): MirrordError =>
  new MirrordError('usage', 'process-unknown', `There is no process ${number}.`, {
    help: 'Find its number with: pgrep -a NAME. For a process in a container, use its number outside the container.',
  });

function unknownNamespace(name: string, known: readonly string[]): MirrordError {
  const near = known.toSorted((a, b) => editDistance(name, a) - editDistance(name, b)).slice(0, SUGGESTIONS);
  return new MirrordError('usage', 'namespace-unknown', `There is no network namespace ${name}.`, {
    help:
      near.length === 0
        ? 'This machine has none; `ip netns add NAME` creates one.'
        : `There ${near.length === 1 ? 'is' : 'are'}: ${near.join(', ')}.`,
  });
}

const inNamespace =
  (run: Run, namespace: string): Run =>
  (command, args, input) =>
    run('nsenter', [`--net=${namespace}`, command, ...args], input);

/** `here`: this machine itself; a subnet that it is connected to needs no way through a tunnel. */
export async function readTarget(
  system: System,
  { namespace, resolvConf }: OpenedTarget,
  here: MachineFacts,
): Promise<NetworkTargetFacts> {
  const run = inNamespace(system.run, namespace);
  const [v4, v6, addresses, text] = await Promise.all([
    readRoutes(run, 4),
    readRoutes(run, 6),
    readAddresses(run),
    resolvConf,
  ]);
  const connected = here.addresses.map(({ address }) => parseCidr(address)).filter((cidr) => cidr !== null);
  const ranges = [...v4, ...v6]
    .filter((route) => route.table === undefined && !isLoopback(route.destination))
    .map((route) => parseCidr(route.destination))
    .filter((cidr) => cidr !== null && cidr.prefix > 0 && !isLinkLocal(formatCidr(cidr)))
    .filter((cidr) => cidr !== null)
    .filter((cidr) => !connected.some((own) => cidrHolds(own, cidr)));
  // A range within another says nothing of its own: an IPv6 address has a route beside its subnet's.
  const outer = ranges.filter((cidr) => !ranges.some((other) => other.prefix < cidr.prefix && cidrHolds(other, cidr)));
  return {
    ranges: [...new Set(outer.map(formatCidr))],
    addresses: addresses
      .filter(({ device, address }) => device !== 'lo' && !isLinkLocal(address))
      .map(({ address }) => address),
    resolvConf: text,
  };
}
