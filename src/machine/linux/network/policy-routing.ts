/**
 * From the desired network state to the lines that `ip -batch` takes; pure.
 *
 * The routes live in a table of the session's own, in front of the machine's, and never in `main`:
 *
 *   5000  iif lo goto 5002                                  this machine's own packets, and who else comes in
 *   5001  goto 5009                                         all others: for them there is no session
 *   5002  nop
 *   5003  to RESOLVER lookup 7300
 *   5003  fwmark MARK goto 5009                             the session's own sockets (outside.ts)
 *   5003  fwmark OUTGOING goto 5004                            scope "all": a connection that began here, bound to an address
 *   5003  from ADDRESS ipproto tcp goto 5009                one that began elsewhere
 *   5003  to FAR goto 5004                                  other protocols: the far side's own ranges, and nothing else
 *   5003  from ADDRESS goto 5009
 *   5004  to D ipproto tcp dport P goto 5009 | lookup 7301  what stays or enters since a name has led to it
 *   5005  to D ipproto tcp dport P goto 5009 | lookup 7301  what stays or enters by port
 *   5006  to R lookup main suppress_prefixlength LEN(R)     a more specific route of the machine's wins over R
 *   5007  lookup 7300                                       R dev mirrord0, throw PIN, unreachable X
 *   5008  fwmark OUTGOING lookup 7300
 *   5009  nop                                               goes on to the machine's own rules
 *
 * Why so:
 * - `iif lo` means what this machine sends itself (ip-rule(8)).  The kernel decides by the interface, before any address
 *   is translated, so that neither a forged source nor a masquerade brings another machine's packets in.
 * - Other VPNs' overrides (0.0.0.0/1 in main, a default route in a table of their own behind a rule) do not matter, nor
 *   does a route of equal length: there is no "File exists" and no fight about metrics.
 * - "The more specific one wins" is the kernel's own decision at every lookup, also for routes that come later.
 *   Routes that other tables hold are thrown out of ours.
 * - What is pinned to its old path needs no copy of that path: a throw route goes on to whatever the machine says
 *   now, so a new default route (Wi-Fi to cable) needs no repair.
 * - `ip route get` answers what will happen, ports included, and the reverse path check sees the same rules.
 * - The dev routes die with the TUN.  Rules and throw routes stay behind: `undo` takes back exactly these lines.
 *
 * With everything routed, packets that carry a firewall mark are left alone: they are other VPNs' own transports.  And
 * what servers here answer to other machines (an ssh session) keeps its way; its source is an address of this machine,
 * which programs may also bind themselves to (`outgoing-connections.ts` tells the two apart).
 */
import type { NamedState, NetworkState, PolicyRule } from '../../network-state.ts';
import { type Cidr, formatCidr, parseCidr } from '../../../net/index.ts';
import type { Admission } from './admission.ts';
import type { RuleNumbers } from './rule-numbers.ts';

export type Family = 4 | 6;
export const FAMILIES: readonly Family[] = [4, 6];

/** Packets that may wait in the TUN's queue: at 500, the default, a hundred flows lose thousands (performance.md). */
const QUEUE_LENGTH = 10_000;

export interface PlanInput {
  readonly state: NetworkState;
  readonly tun: string;
  readonly numbers: RuleNumbers;
  /** Ranges that keep their old path, on top of the state's pins. */
  readonly kept: readonly string[];
  readonly admission: Admission;
  /** The machine's own global addresses. */
  readonly ownAddresses: readonly string[];
  /** Mark of what stays outside the session, whatever it dials. */
  readonly outside: number | undefined;
  /** Mark of TCP connections that began here; undefined: they are not told apart from those that servers accepted. */
  readonly outgoing: number | undefined;
  /** Set `congctl cubic`: the machine's default paces by timers, which a lossless local link does not need. */
  readonly cubic: boolean;
}

/** Arguments behind `ip -FAMILY addr|rule|route add|del`. */
export interface FamilyPlan {
  readonly addresses: readonly string[];
  readonly rules: readonly string[];
  /** Routes that die with the TUN, by prefix and table. */
  readonly deviceRoutes: ReadonlyMap<string, string>;
  /** Routes that do not. */
  readonly standingRoutes: ReadonlyMap<string, string>;
}

export const EMPTY_PLAN: FamilyPlan = {
  addresses: [],
  rules: [],
  deviceRoutes: new Map(),
  standingRoutes: new Map(),
};

/**
 * Who made a rule (FRA_PROTOCOL, free above 195 in rtnetlink.h).  Deleting a rule takes the first that has what the deletion
 * names, so one without port would take one with a port along; a number for each set of selectors tells them apart.
 */
const FIRST_RULE_PROTOCOL = 240;
const BOUND_TCP_PROTOCOL = FIRST_RULE_PROTOCOL + 8;
const BOUND_PROTOCOL = FIRST_RULE_PROTOCOL + 9;

/** `ip` knows names of protocols only where /etc/protocols is, which minimal systems lack. */
export const PROTOCOL_NUMBER = { tcp: 6, udp: 17 } as const;

/** Routes of this length or shorter make "everything". */
const EVERYTHING_PREFIX = 1;

export const isEverything = (range: string): boolean => (parseCidr(range)?.prefix ?? 128) <= EVERYTHING_PREFIX;

export function planFamily(family: Family, input: PlanInput): FamilyPlan {
  const { state, tun, numbers } = input;
  const ours = (texts: readonly string[]): Cidr[] =>
    texts
      .map((text) => parseCidr(text))
      .filter((cidr): cidr is Cidr => cidr !== null && cidr.address.length === (family === 4 ? 4 : 16));

  const kept = new Set(ours([...state.pins, ...input.kept]).map(formatCidr));
  const routed = ours(state.routes).filter((cidr) => !kept.has(formatCidr(cidr)));
  const unreachable = ours(state.unreachable).filter((cidr) => !kept.has(formatCidr(cidr)));
  const policies = state.rules.filter((rule) => ours([rule.destination]).length > 0);
  const remote = policies.some((rule) => rule.side === 'remote');
  const isAll = (cidr: Cidr): boolean => cidr.prefix <= EVERYTHING_PREFIX;
  const isOpen = routed.some(isAll);
  const everything = isOpen || unreachable.some(isAll);

  const metrics = input.cubic ? ' congctl cubic' : '';
  const deviceRoutes = new Map<string, string>();
  const standingRoutes = new Map<string, string>();
  const put = (map: Map<string, string>, range: string, table: number, line: string): void => {
    map.set(`${range} table ${table}`, `${line} table ${table}`);
  };
  for (const cidr of routed) {
    const range = formatCidr(cidr);
    deviceRoutes.set(`${range} table ${numbers.table}`, `${range} dev ${tun} table ${numbers.table}${metrics}`);
  }
  if (remote) {
    const line = `default dev ${tun} table ${numbers.remoteTable}${metrics}`;
    deviceRoutes.set(`default table ${numbers.remoteTable}`, line);
  }
  for (const cidr of unreachable) {
    put(standingRoutes, formatCidr(cidr), numbers.table, `unreachable ${formatCidr(cidr)}`);
    deviceRoutes.delete(`${formatCidr(cidr)} table ${numbers.table}`);
  }
  for (const range of kept) put(standingRoutes, range, numbers.table, `throw ${range}`);

  const entering = routed.length > 0 || unreachable.length > 0;
  const rules = [
    ...(entering || policies.length > 0 ? gate(family, input) : []),
    ...(everything ? boundRules(ours(input.ownAddresses), isOpen ? ours(state.farRanges) : null, input) : []),
    ...policies.map((rule) => ruleLine(rule, numbers.policy, numbers)),
    ...[...routed, ...unreachable]
      .filter((cidr) => cidr.prefix < (family === 4 ? 32 : 128))
      .map(
        (cidr) => `pref ${numbers.specific} to ${formatCidr(cidr)} lookup main suppress_prefixlength ${cidr.prefix}`,
      ),
    ...(entering ? [`pref ${numbers.enter}${everything ? ' fwmark 0/0xffffffff' : ''} lookup ${numbers.table}`] : []),
    ...(everything && input.outgoing !== undefined
      ? [`pref ${numbers.enterOutgoing} fwmark ${input.outgoing} lookup ${numbers.table}`]
      : []),
  ];

  return {
    addresses: ours(state.addresses).map((cidr) => `${formatCidr(cidr)} dev ${tun}${family === 6 ? ' nodad' : ''}`),
    rules: [...new Set(rules)],
    deviceRoutes,
    standingRoutes,
  };
}

/** What names add to `base`; their addresses are single and, like all of `state`, in canonical form. */
export function planNames(family: Family, base: FamilyPlan, state: NamedState, input: PlanInput): FamilyPlan {
  const { tun, numbers } = input;
  const ours = (address: string): boolean => address.includes(':') === (family === 6);
  const policies = state.rules.filter(({ destination }) => ours(destination));
  const routes = state.routes.filter(ours);
  const metrics = input.cubic ? ' congctl cubic' : '';
  const deviceRoutes = new Map(base.deviceRoutes);
  const standingRoutes = new Map(base.standingRoutes);
  for (const range of routes) {
    standingRoutes.delete(`${range} table ${numbers.table}`);
    deviceRoutes.set(`${range} table ${numbers.table}`, `${range} dev ${tun} table ${numbers.table}${metrics}`);
  }
  for (const range of state.pins.filter(ours)) {
    deviceRoutes.delete(`${range} table ${numbers.table}`);
    standingRoutes.set(`${range} table ${numbers.table}`, `throw ${range} table ${numbers.table}`);
  }
  if (policies.some(({ side }) => side === 'remote')) {
    const line = `default dev ${tun} table ${numbers.remoteTable}${metrics}`;
    deviceRoutes.set(`default table ${numbers.remoteTable}`, line);
  }
  const enters = base.rules.some((line) => line.startsWith(`pref ${numbers.enter} `));
  const frame = [
    ...(base.rules.length === 0 && routes.length + policies.length > 0 ? gate(family, input) : []),
    ...policies.map((rule) => ruleLine(rule, numbers.named, numbers)),
    ...(routes.length > 0 && !enters ? [`pref ${numbers.enter} lookup ${numbers.table}`] : []),
  ];
  return { ...base, rules: [...new Set([...base.rules, ...frame])], deviceRoutes, standingRoutes };
}

/** Lets only admitted packets pass to the rules between its two ends. */
function gate(family: Family, input: PlanInput): readonly string[] {
  const { numbers } = input;
  const { devices, ranges } = input.admission;
  const admit = (selector: string): string => `pref ${numbers.admit} ${selector} goto ${numbers.admitted}`;
  return [
    `pref ${numbers.leave} nop`,
    `pref ${numbers.admitted} nop`,
    ...['lo', ...devices].map((device) => admit(`iif ${device}`)),
    ...ranges.filter((range) => range.includes(':') === (family === 6)).map((range) => admit(`from ${range}`)),
    `pref ${numbers.others} goto ${numbers.leave}`,
    ...passOutside(family, input),
  ];
}

/** The resolver's address is nowhere else: who has it from /etc/resolv.conf asks it, marked or not. */
function passOutside(family: Family, { numbers, state, outside }: PlanInput): readonly string[] {
  if (outside === undefined) return [];
  const resolver = family === 4 && state.resolver !== null ? [state.resolver] : [];
  return [
    ...resolver.map((address) => `pref ${numbers.bound} to ${address} lookup ${numbers.table}`),
    `pref ${numbers.bound} fwmark ${outside} goto ${numbers.leave}`,
  ];
}

function ruleLine({ destination, protocol, port, side }: PolicyRule, preference: number, numbers: RuleNumbers): string {
  const by = `${protocol === undefined ? '' : ` ipproto ${PROTOCOL_NUMBER[protocol]}`}${port === undefined ? '' : ` dport ${port}`}`;
  const action = side === 'local' ? `goto ${numbers.leave}` : `lookup ${numbers.remoteTable}`;
  const shape = (protocol === undefined ? 0 : 1) + (port === undefined ? 0 : 2) + (destination.endsWith('/0') ? 0 : 4);
  return `pref ${preference} to ${destination}${by} ${action} protocol ${FIRST_RULE_PROTOCOL + shape}`;
}

/**
 * What of the packets with a source address of this machine's own keeps its way, with everything routed.
 *
 * `far`: null where everything is unreachable (IPv6 that the cluster does not have).  The kernel looks a second time there,
 * with a source address, for what is not bound to one, so that only marks tell servers from programs.
 */
function boundRules(
  own: readonly Cidr[],
  far: readonly Cidr[] | null,
  { numbers, outgoing }: PlanInput,
): readonly string[] {
  const leave = (selector: string, protocol: number): readonly string[] =>
    own.map((cidr) => {
      const address = formatCidr(cidr).replace(/\/\d+$/, '');
      return `pref ${numbers.bound} from ${address}${selector} goto ${numbers.leave} protocol ${protocol}`;
    });
  const tcp = leave(` ipproto ${PROTOCOL_NUMBER.tcp}`, BOUND_TCP_PROTOCOL);
  return [
    ...(outgoing === undefined ? [] : [`pref ${numbers.bound} fwmark ${outgoing} goto ${numbers.boundEntering}`]),
    ...(far === null && outgoing === undefined ? [] : tcp),
    ...(far ?? []).map((cidr) => `pref ${numbers.bound} to ${formatCidr(cidr)} goto ${numbers.boundEntering}`),
    ...(far === null ? [] : leave('', BOUND_PROTOCOL)),
    `pref ${numbers.boundEntering} nop`,
  ];
}

export function linkLines(tun: string, mtu: number, ipv6: boolean): readonly string[] {
  return [
    // No link-local address: nothing would answer the router and listener messages that come with it.
    ...(ipv6 ? [`link set dev ${tun} addrgenmode none`] : []),
    `link set dev ${tun} mtu ${mtu} txqueuelen ${QUEUE_LENGTH} up`,
  ];
}

/** What makes `after` of `before`; nothing that both have is touched for a moment. */
export function applyLines(before: FamilyPlan, after: FamilyPlan): readonly string[] {
  const routesBefore = new Map([...before.deviceRoutes, ...before.standingRoutes]);
  const routesAfter = new Map([...after.deviceRoutes, ...after.standingRoutes]);
  return [
    ...without(after.addresses, before.addresses).map((line) => `addr replace ${line}`),
    // What keeps its old path goes in first, and the ranges around it after.
    ...[...after.standingRoutes, ...after.deviceRoutes]
      .filter(([key, line]) => routesBefore.get(key) !== line)
      .map(([, line]) => `route replace ${line}`),
    ...ruleLines(before.rules, after.rules),
    ...[...routesBefore].filter(([key]) => !routesAfter.has(key)).map(([, line]) => `route del ${line}`),
    ...without(before.addresses, after.addresses).map((line) => `addr del ${line.replace(' nodad', '')}`),
  ];
}

/**
 * Of rules with one preference the kernel asks the older one first.  Where the new order is not the old one with something
 * added at its end, the rules behind the first difference are rebuilt.
 */
function ruleLines(before: readonly string[], after: readonly string[]): readonly string[] {
  const wanted = new Set(after);
  const kept = new Set<string>();
  const next = new Map<string, string[]>();
  for (const line of before) {
    if (!wanted.has(line)) continue;
    const group = next.get(preferenceOf(line));
    if (group === undefined) next.set(preferenceOf(line), [line]);
    else group.push(line);
  }
  const places = new Map<string, number>();
  for (const line of after) {
    const preference = preferenceOf(line);
    const place = places.get(preference) ?? 0;
    if (next.get(preference)?.[place] === line) kept.add(line);
    places.set(preference, place + 1);
  }
  const moved = before.filter((line) => wanted.has(line) && !kept.has(line));
  return [
    ...moved.map((line) => `rule del ${line}`),
    ...after.filter((line) => !kept.has(line)).map((line) => `rule add ${line}`),
    ...without(before, after).map((line) => `rule del ${line}`),
  ];
}

const preferenceOf = (line: string): string => line.slice(0, line.indexOf(' ', 'pref '.length));

/** What the TUN's end leaves behind, taken back line by line; harmless when it is not there. */
export function undoLines(...plans: readonly FamilyPlan[]): readonly string[] {
  // Mostly one and the same, which may be long.
  const distinct = [...new Set(plans)];
  const rules = distinct.flatMap((plan) => plan.rules);
  const routes = distinct.flatMap((plan) => [...plan.standingRoutes.values()]);
  return [
    // The rule that leads into the TUN was added last and goes first.
    ...[...new Set(rules)].toReversed().map((line) => `rule del ${line}`),
    ...[...new Set(routes)].map((line) => `route del ${line}`),
  ];
}

function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return lines.filter((line) => !known.has(line));
}
