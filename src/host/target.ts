/** Targets that are no cluster: a network namespace by its name, or a process's. */
import { editDistance } from '../edit-distance.ts';
import { MirrordError } from '../errors.ts';
import type { MachineFacts, NetworkTargetFacts } from '../ipc/protocol.ts';
import { cidrHolds, formatCidr, parseCidr } from '../net/index.ts';
import { isLinkLocal, isLoopback } from './addresses.ts';
import { readAddresses, readRoutes } from './facts.ts';
import type { Run } from './machine/commands.ts';
import type { Files } from './machine/files.ts';
import type { Machine } from './machine/machine.ts';
import { rootedPath } from './machine/rooted-path.ts';

export interface NetworkTarget {
  /** For `nsenter --net=`. */
  readonly namespace: string;
  readonly resolvConf: string;
}

/** How many names an error offers. */
const SUGGESTIONS = 5;

export function findTarget({ files }: Machine, target: string): NetworkTarget {
  const [kind, name = ''] = target.split('/', 2);
  if (kind === 'netns') {
    const namespace = `/run/netns/${name}`;
    if (files.kind(namespace) === undefined) throw unknownNamespace(name, files.list('/run/netns'));
    const resolvConf = files.read(`/etc/netns/${name}/resolv.conf`) ?? files.read('/etc/resolv.conf') ?? '';
    return { namespace: files.path(namespace), resolvConf };
  }
  const namespace = `/proc/${name}/ns/net`;
  if (!isReadable(files, namespace, name)) {
    throw new MirrordError('usage', 'process-unknown', `There is no process ${name}.`, {
      help: 'Find its number with: pgrep -a NAME.  In a container, the number outside counts.',
    });
  }
  const resolvConf = rootedPath(`/proc/${name}/root`, '/etc/resolv.conf', (path) => files.kind(path)?.target);
  return { namespace: files.path(namespace), resolvConf: (resolvConf && files.read(resolvConf)) ?? '' };
}

/** Whether the process is there; that it may be looked at is not certain, even for root. */
function isReadable(files: Files, namespace: string, process: string): boolean {
  try {
    return files.link(namespace) !== undefined;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EACCES') throw cause;
    throw new MirrordError('permission', 'process-forbidden', `The network of process ${process} may not be entered.`, {
      help: 'It belongs to another user namespace, or root lacks CAP_SYS_PTRACE, as in a container: run mirrord outside.',
      cause,
    });
  }
}

function unknownNamespace(name: string, known: readonly string[]): MirrordError {
  const near = known.toSorted((a, b) => editDistance(name, a) - editDistance(name, b)).slice(0, SUGGESTIONS);
  return new MirrordError('usage', 'namespace-unknown', `There is no network namespace ${name}.`, {
    help:
      near.length === 0
        ? 'There is none at all on this machine; `ip netns add NAME` makes one.'
        : `There ${near.length === 1 ? 'is' : 'are'}: ${near.join(', ')}.`,
  });
}

export const inNamespace =
  (run: Run, namespace: string): Run =>
  (command, args, input) =>
    run('nsenter', [`--net=${namespace}`, command, ...args], input);

/** `here`: this machine itself; a subnet that it is connected to needs no way through a tunnel. */
export async function readTarget(
  machine: Machine,
  target: string,
  here: Promise<MachineFacts>,
): Promise<NetworkTargetFacts> {
  const there = async () => {
    const { namespace, resolvConf } = findTarget(machine, target);
    const run = inNamespace(machine.run, namespace);
    return { resolvConf, read: await Promise.all([readRoutes(run, 4), readRoutes(run, 6), readAddresses(run)]) };
  };
  const [{ resolvConf, read }, facts] = await Promise.all([there(), here]);
  const [v4, v6, addresses] = read;
  const connected = facts.addresses.map(({ address }) => parseCidr(address)).filter((cidr) => cidr !== null);
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
    resolvConf,
  };
}
