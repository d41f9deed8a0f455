/**
 * What the session asks, checked before anything acts on it.
 *
 * Every value comes out in canonical form, rebuilt from what was parsed: text that reaches a command line or an
 * `ip -batch` is never the session's own.
 */
import { HOST_NAME, isWithin } from '../names/name.ts';
import {
  type BoundFlow,
  type Forwarded,
  type NamedState,
  type NetworkState,
  type PolicyRule,
  type RouteQuestion,
  type SocketAddress,
  VIRTUAL_BLOCKS,
} from '../machine/network-state.ts';
import type { AskedNames, DnsRedirect, DnsModeChoice, DnsState } from '../machine/dns-state.ts';
import { containingRange, formatAddress, formatCidr, parseAddress, parseCidr, parseRanges } from '../net/index.ts';
import { isPublicSuffix } from '../names/public-suffix.ts';
import { fields, flag, list, matching, refuse, whole } from './unchecked.ts';
import { defined } from '../defined.ts';

/**
 * Bounds that no cluster comes near; each holds the time and memory of one request down.  Routes, pins and rules have room
 * for a filter's entries (`MAX_ENTRIES`) and for the addresses that names hold (`MAX_HELD_ADDRESSES`), for two protocols.
 */
const LIMITS = {
  addresses: 4,
  routes: 65_536,
  pins: 65_536,
  rules: 65_536,
  unreachable: 1_024,
  forwarded: 256,
  servers: 4,
  redirects: 16,
  ports: 2_048,
  search: 64,
  domains: 16_384,
  key: 4_096,
  bound: 256,
} as const;

const MTU_MIN = 1_280;
const MTU_MAX = 65_535;

/** A name of the filter may have hyphens anywhere; `~` stands before it on a command line, so that it is not an option. */
const ZONE = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i;
const TARGET = /^(netns\/[A-Za-z0-9_][A-Za-z0-9._-]{0,63}|process\/[1-9][0-9]{0,6})$/;
const KEY = /^[\x20-\x7e\n]+$/;
const SOCKET_FILE = /^[a-z0-9][a-z0-9.-]{0,31}$/;
const MODES: readonly DnsModeChoice[] = ['auto', 'resolved', 'nftables', 'resolv.conf', 'off'];

function range(value: unknown, what: string): string {
  const cidr = typeof value === 'string' ? parseCidr(value) : null;
  return cidr === null ? refuse(what) : formatCidr(cidr);
}

/** /32 or /128: a longer range on the TUN would make a connected route of it. */
function single(value: unknown, what: string): string {
  const cidr = typeof value === 'string' ? parseCidr(value) : null;
  return cidr === null || cidr.prefix !== cidr.address.length * 8 ? refuse(what) : formatCidr(cidr);
}

const VIRTUAL = parseRanges(Object.values(VIRTUAL_BLOCKS)) ?? [];

/** For the TUN: any other would make this machine's own what is somebody else's, or end sockets that are none of its. */
function virtual(value: unknown, what: string): string {
  const text = single(value, what);
  const cidr = parseCidr(text);
  return cidr !== null && containingRange(VIRTUAL, cidr.address) !== undefined ? text : refuse(what);
}

function address(value: unknown, what: string): string {
  const bytes = typeof value === 'string' ? parseAddress(value) : null;
  return bytes === null ? refuse(what) : formatAddress(bytes);
}

const name = (value: unknown, what: string): string => matching(value, HOST_NAME, what);
const zone = (value: unknown, what: string): string => matching(value, ZONE, what);
const port = (value: unknown, what: string): number => whole(value, 1, 65_535, what);

export function checkTarget(value: unknown): string {
  return matching(value, TARGET, 'a target');
}

/** Whether a target on this machine, or none, is what `up` was told; undefined when it was told nothing. */
export const agreesWith = (told: string | undefined, target: string | null): boolean =>
  told === undefined || (TARGET.test(told) ? target === told : target === null);

export function checkPublicKey(value: unknown): string {
  const key = matching(value, KEY, 'a public key');
  return key.length <= LIMITS.key ? key : refuse('a public key');
}

export function checkSocketPath(value: unknown, folder: string): string {
  if (typeof value !== 'string' || !value.startsWith(`${folder}/`)) return refuse('a socket outside its folder');
  return `${folder}/${matching(value.slice(folder.length + 1), SOCKET_FILE, 'a socket outside its folder')}`;
}

function checkRule(value: unknown, what: string): PolicyRule {
  const rule = fields(value, what);
  const { protocol, side } = rule;
  if (side !== 'local' && side !== 'remote') return refuse(what);
  if (protocol !== undefined && protocol !== 'tcp' && protocol !== 'udp') return refuse(what);
  // The kernel compares ports of TCP and UDP only.
  if (rule['port'] !== undefined && protocol === undefined) return refuse(`${what}: a port without a protocol`);
  return {
    destination: range(rule['destination'], what),
    side,
    ...defined({ protocol }),
    ...(rule['port'] === undefined ? {} : { port: port(rule['port'], what) }),
  };
}

function checkForwarded(value: unknown): Forwarded {
  if (value === 'bridges' || value === 'off') return value;
  return list(value, LIMITS.forwarded, 'forwarded ranges', range);
}

export function checkNetworkState(value: unknown): NetworkState {
  const state = fields(value, 'a network state');
  return {
    addresses: list(state['addresses'], LIMITS.addresses, 'addresses', virtual),
    mtu: whole(state['mtu'], MTU_MIN, MTU_MAX, 'an MTU'),
    routes: list(state['routes'], LIMITS.routes, 'routes', range),
    pins: list(state['pins'], LIMITS.pins, 'pins', range),
    rules: list(state['rules'], LIMITS.rules, 'rules', checkRule),
    unreachable: list(state['unreachable'], LIMITS.unreachable, 'unreachable ranges', range),
    farRanges: list(state['farRanges'], LIMITS.routes, 'far ranges', range),
    resolver: state['resolver'] === null ? null : virtual(state['resolver'], 'a resolver'),
    forwarded: checkForwarded(state['forwarded']),
  };
}

export function checkRanges(value: unknown): readonly string[] {
  return list(value, LIMITS.routes, 'ranges', range);
}

export function checkNamedState(value: unknown): NamedState {
  const state = fields(value, 'a state of names');
  return {
    routes: list(state['routes'], LIMITS.routes, 'routes', single),
    pins: list(state['pins'], LIMITS.pins, 'pins', single),
    rules: list(state['rules'], LIMITS.rules, 'rules', checkRule),
  };
}

function redirect(value: unknown, what: string): DnsRedirect {
  const { server, port: number } = fields(value, what);
  return { server: address(server, what), port: port(number, what) };
}

export function checkDnsState(value: unknown): DnsState {
  const state = fields(value, 'a DNS state');
  const exempt = fields(state['exempt'], 'an exemption');
  const mode = MODES.find((known) => known === state['mode']) ?? refuse('a DNS mode');
  return {
    mode,
    servers: list(state['servers'], LIMITS.servers, 'DNS servers', address),
    redirects: list(state['redirects'], LIMITS.redirects, 'redirects', redirect),
    exempt: {
      hopLimit: whole(exempt['hopLimit'], 1, 255, 'a hop limit'),
      tcp: list(exempt['tcp'], LIMITS.ports, 'exempt ports', port),
    },
    search: list(state['search'], LIMITS.search, 'a search list', name),
    domains: list(state['domains'], LIMITS.domains, 'domains', zone),
    everything: flag(state['everything'], 'a DNS state'),
  };
}

export function checkAskedNames(value: unknown): AskedNames {
  const names = fields(value, 'names that were asked for');
  return {
    domains: list(names['domains'], LIMITS.domains, 'domains', zone),
    everything: flag(names['everything'], 'names that were asked for'),
  };
}

/** Throws where the state takes over more names than the user asked for, with the configuration and `--dns` (`mode`). */
export function refuseUnasked(state: DnsState, asked: AskedNames, mode: DnsModeChoice): void {
  // Two of the ways bring every question to the session, so that choosing one is asking for all names.
  if (state.mode !== 'off' && state.mode !== mode) refuse(`--dns ${state.mode} in place of ${mode}`);
  if (state.everything && !asked.everything) refuse('every name');
  for (const each of [...state.domains, ...state.search]) {
    const domain = each.toLowerCase();
    if (isPublicSuffix(domain) && !asked.domains.some((own) => isWithin(domain, own.toLowerCase()))) {
      refuse(`the public domain ${domain}`);
    }
  }
}

function checkSocketAddress(value: unknown, what: string): SocketAddress {
  const { host, port: number } = fields(value, what);
  return { host: address(host, what), port: port(number, what) };
}

function checkBoundFlow(value: unknown, what: string): BoundFlow {
  const { source, destination } = fields(value, what);
  return { source: checkSocketAddress(source, what), destination: checkSocketAddress(destination, what) };
}

export function checkBoundFlows(value: unknown): readonly BoundFlow[] {
  return list(value, LIMITS.bound, 'flows', checkBoundFlow);
}

export function checkRouteQuestion(value: unknown): RouteQuestion {
  const question = fields(value, 'a question for a route');
  const protocol = question['protocol'];
  return {
    address: address(question['address'], 'an address'),
    protocol: protocol === 'tcp' || protocol === 'udp' ? protocol : null,
    port: question['port'] === null ? null : whole(question['port'], 1, 65_535, 'a port'),
  };
}
