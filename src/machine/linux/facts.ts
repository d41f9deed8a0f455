/** The machine as it is, without what sessions have put there. */
import { dirname, resolve } from 'node:path/posix';
import { formatAddress, parseAddress } from '../../net/index.ts';
import type { MachineAddress, MachineBridge, MachineDns, MachineFacts, MachineRoute } from '../facts.ts';
import { readFormerContent } from './dns/former-content.ts';
import { socketOwners } from './dns/local-servers.ts';
import { resolvedRuns } from './dns/resolved-process.ts';
import { isStub } from './dns/resolved.ts';
import { ndots, parseResolvConf } from '../../names/resolv-conf.ts';
import { RESOLVED_SERVERS, RESOLV_CONF, localDomain } from './dns/resolv-conf.ts';
import type { ResolvConfEntry } from './journal/entries.ts';
import type { LinuxJournal } from './journal/linux-journal.ts';
import { type Run, expectSuccess } from './system/commands.ts';
import { BYTES } from '../files.ts';
import type { System } from './system/system.ts';
import { defined } from '../../defined.ts';

/** resolv.conf(5): the servers that programs ask when the file names none; Go's resolver asks the second, too. */
const UNNAMED_SERVER = '127.0.0.1';
const UNNAMED_SERVERS = [UNNAMED_SERVER, '::1'];

/** `ip -json route`, as far as it is read here. */
interface ListedRoute {
  readonly type?: string;
  readonly dst: string;
  readonly dev?: string;
  readonly gateway?: string;
  readonly metric?: number;
  readonly table?: string;
  readonly nexthops?: readonly { readonly gateway?: string; readonly dev: string }[];
}

/** `ip -json -details addr`, as far as it is read here. */
interface ListedLink {
  readonly ifname: string;
  /** The bridge that it is a port of. */
  readonly master?: string;
  /** A veth's peer, when it is in this network namespace. */
  readonly link?: string | null;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen: number }[];
}

/** The host's ends of containers and virtual machines: veth pairs, whose other half is elsewhere, and tap devices. */
const isEnd = ({ linkinfo, link }: ListedLink): boolean =>
  linkinfo?.info_kind === 'tun' || (linkinfo?.info_kind === 'veth' && typeof link !== 'string');

/** The kernel lets a name have quotes and backslashes, too, which would need care in rules; no program gives such names. */
const PLAIN_NAME = /^[A-Za-z0-9_.@-]+$/;

/**
 * `tun` is the session's own interface, left out; `ownServers` are the resolver's own addresses, which systemd-resolved
 * lists among its upstreams.
 */
export async function readFacts(
  system: System,
  journal: LinuxJournal,
  tun: string,
  ownServers: readonly string[],
): Promise<MachineFacts> {
  const [v4, v6, links] = await Promise.all([
    readRoutes(system.run, 4),
    readRoutes(system.run, 6),
    readLinks(system.run),
  ]);
  return {
    routes: [...v4, ...v6].filter((route) => route.device !== tun),
    addresses: addressesOf(links).filter((address) => address.device !== tun),
    bridges: bridgesOf(links),
    dns: readDns(system, journal, ownServers),
  };
}

export async function readRoutes(run: Run, family: 4 | 6): Promise<readonly MachineRoute[]> {
  const result = await run('ip', [`-${family}`, '-json', 'route', 'show', 'table', 'all']);
  // A kernel without IPv6 refuses; without routes the output is empty.
  if (result.code !== 0 || result.stdout.trim() === '') return [];
  return parseRoutes(result.stdout, family);
}

export function parseRoutes(json: string, family: 4 | 6): readonly MachineRoute[] {
  const listed = JSON.parse(json) as readonly ListedRoute[];
  return listed
    .filter((route) => (route.type ?? 'unicast') === 'unicast' && route.table !== 'local')
    .flatMap((route) =>
      (route.nexthops ?? [route]).flatMap(({ dev, gateway }) =>
        dev === undefined
          ? []
          : [
              {
                destination: destination(route.dst, family),
                device: dev,
                ...defined({ gateway, metric: route.metric }),
                ...(route.table === undefined || route.table === 'main' ? {} : { table: route.table }),
              },
            ],
      ),
    );
}

function destination(dst: string, family: 4 | 6): string {
  if (dst === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  return dst.includes('/') ? dst : `${dst}/${family === 4 ? 32 : 128}`;
}

export const readAddresses = async (run: Run): Promise<readonly MachineAddress[]> => addressesOf(await readLinks(run));

async function readLinks(run: Run): Promise<readonly ListedLink[]> {
  return JSON.parse(await expectSuccess(run, 'ip', ['-json', '-details', 'addr', 'show'])) as readonly ListedLink[];
}

/**
 * A bridge with another port (a network card, a VLAN, a VXLAN, a cable to another bridge) is another network's: who is on
 * it is not this machine's to say.
 */
function bridgesOf(links: readonly ListedLink[]): readonly MachineBridge[] {
  return links
    .filter((link) => link.linkinfo?.info_kind === 'bridge' && PLAIN_NAME.test(link.ifname))
    .map(({ ifname }) => {
      const uplink = links.find((port) => port.master === ifname && !isEnd(port));
      return { name: ifname, ...defined({ uplink: uplink?.ifname }) };
    });
}

function addressesOf(links: readonly ListedLink[]): readonly MachineAddress[] {
  return links.flatMap((link) =>
    link.addr_info.flatMap(({ local, prefixlen }) =>
      local === undefined ? [] : [{ device: link.ifname, address: `${local}/${prefixlen}` }],
    ),
  );
}

export function readDns(system: System, journal: LinuxJournal, ownServers: readonly string[]): MachineDns {
  const { files } = system;
  const entry = journal.resolvConf();
  const now = files.read(RESOLV_CONF, BYTES) ?? '';
  // A session that came later has us for its server: to ask it would go round in circles.
  const ours = entry !== undefined && (now === entry.written || readFormerContent(now) !== undefined);
  const text = ours ? (formerText(system, entry) ?? '') : now;
  const conf = parseResolvConf(text, localDomain(files));
  const resolved = resolvedRuns(system);
  const owners = socketOwners(system);
  // Where resolved does not run, another program may answer at its addresses: a server like any other.
  const stub = (server: string): boolean => isStub(server) && (resolved || owners(server).length === 0);
  const upstreams = parseResolvConf(files.read(RESOLVED_SERVERS) ?? '').servers;
  const named = conf.servers.length > 0 || owners(UNNAMED_SERVER).length === 0 ? conf.servers : [UNNAMED_SERVER];
  // The stub asks the servers that it lists; asking it ourselves could lead back to us.
  const servers = named.flatMap((server) => (stub(server) ? upstreams : [server]));
  const asked = [...(conf.servers.length > 0 ? conf.servers : UNNAMED_SERVERS), ...servers].map(canonical);
  return {
    servers: [...new Set(servers)].filter((server) => !ownServers.includes(server) && !stub(server)),
    asked: [...new Set(asked)].filter((server) => !ownServers.includes(server)),
    search: conf.search,
    ndots: ndots(conf.options),
    resolved: resolved && conf.servers.some(isStub),
    resolvConf: text,
    overwritten: entry !== undefined && !ours,
  };
}

/** As rules and requests have it; with its zone, as it is. */
function canonical(server: string): string {
  const bytes = parseAddress(server);
  return bytes === null ? server : formatAddress(bytes);
}

/** What was there before us, as it is now: behind a link other programs go on writing. */
function formerText({ files }: System, { before }: ResolvConfEntry): string | undefined {
  if (before?.target === undefined) return before?.content;
  return files.read(resolve(dirname(RESOLV_CONF), before.target), BYTES) ?? before.content;
}
