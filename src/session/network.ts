/**
 * The routes that this session wishes for, made anew whenever something that they follow from has changed: the
 * cluster's ranges, the machine's own network, the addresses that names have led to.
 */
import { ScopedFilter, type Filter } from '../filter/filter.ts';
import type { Scope } from '../filter/scope-table.ts';
import { routePlan } from '../filter/route-plan.ts';
import type { Discovery } from '../kube/cluster.ts';
import type { HostOperations, MachineFacts, NetworkState, PolicyRule } from '../ipc/protocol.ts';
import { type Cidr, hostCidr, parseAddress, parseRanges } from '../net/index.ts';
import { Latest } from './latest.ts';
import type { VirtualAddresses } from './virtual-addresses.ts';

/**
 * IP MTU of the TUN.  With segmentation offload it hardly matters for TCP; the usual size keeps UDP programs that probe
 * for it, and packets that are forwarded from containers, out of trouble.
 */
export const TUN_MTU = 1_500;

/** What names have added to the ranges. */
export interface NamedRoutes {
  readonly routes: readonly string[];
  readonly pins: readonly string[];
  readonly rules: readonly PolicyRule[];
}

const NO_NAMED_ROUTES: NamedRoutes = { routes: [], pins: [], rules: [] };

export class SessionNetwork {
  readonly #filter: Filter;
  readonly #virtual: VirtualAddresses;
  readonly #wishes: Latest<NetworkState, readonly string[]>;
  #discovery: Discovery;
  #facts: MachineFacts;
  #own: readonly string[];
  #named = NO_NAMED_ROUTES;
  #state: NetworkState | undefined;
  #inForce: NetworkState | undefined;
  #applying: Promise<void> | undefined;
  #scoped: ScopedFilter | undefined;
  warnings: readonly string[] = [];

  constructor(
    host: HostOperations,
    filter: Filter,
    virtual: VirtualAddresses,
    discovery: Discovery,
    facts: MachineFacts,
    own: readonly string[],
  ) {
    this.#filter = filter;
    this.#virtual = virtual;
    this.#discovery = discovery;
    this.#facts = facts;
    this.#own = own;
    this.#wishes = new Latest((state) => host.network(state));
  }

  /** CIDRs that enter the TUN now, the resolver's own address aside. */
  get routes(): readonly string[] {
    return this.#state?.routes.filter((route) => route !== this.#resolverRoute) ?? [];
  }

  /** The filter with today's ranges: what `explain` asks. */
  get scoped(): ScopedFilter {
    this.#scoped ??= this.#filter.within(scopeOf(this.#discovery, this.#facts, this.#own));
    return this.#scoped;
  }

  get discovery(): Discovery {
    return this.#discovery;
  }

  discovered(discovery: Discovery): Promise<void> {
    this.#discovery = discovery;
    this.#scoped = undefined;
    return this.apply();
  }

  /** The machine's own network, or the transport's addresses, are others now. */
  machineChanged(facts: MachineFacts, own: readonly string[]): Promise<void> {
    this.#facts = facts;
    this.#own = own;
    this.#scoped = undefined;
    return this.apply();
  }

  named(named: NamedRoutes): Promise<void> {
    this.#named = named;
    return this.apply();
  }

  /** Resolves when the kernel routes as was wished last, whoever wished it; what failed is tried again. */
  async settled(): Promise<void> {
    if (this.#inForce !== this.#state) await (this.#applying ?? this.apply());
  }

  /** Resolves when the kernel routes as wished. */
  apply(): Promise<void> {
    const run = this.#apply().finally(() => {
      if (this.#applying === run) this.#applying = undefined;
    });
    this.#applying = run;
    return run;
  }

  async #apply(): Promise<void> {
    const plan = routePlan(this.scoped);
    const state = {
      addresses: this.#virtual.tun,
      mtu: TUN_MTU,
      routes: [this.#resolverRoute, ...new Set([...plan.routes, ...this.#named.routes])],
      pins: [...new Set([...plan.pins, ...this.#named.pins])],
      rules: [...this.#named.rules, ...plan.rules],
      unreachable: plan.unreachable,
    };
    this.#state = state;
    this.warnings = await this.#wishes.set(state);
    this.#inForce = state;
  }

  get #resolverRoute(): string {
    return `${this.#virtual.resolver}/32`;
  }
}

/** The ranges of the far side, and what is never captured, in the filter's terms. */
export function scopeOf(discovery: Discovery, facts: MachineFacts, own: readonly string[]): Scope {
  return {
    ranges: parseRanges(discovery.ranges) ?? [],
    ipv6: discovery.ranges.some((range) => range.includes(':')),
    never: neverCaptured(facts, own),
  };
}

/** The transport's addresses, the default gateways and the machine's name servers. */
function neverCaptured(facts: MachineFacts, own: readonly string[]): Cidr[] {
  const gateways = facts.routes.flatMap(({ destination, gateway }) =>
    gateway !== undefined && destination.endsWith('/0') ? [gateway] : [],
  );
  return [...own, ...gateways, ...facts.dns.servers].flatMap((text) => {
    const address = parseAddress(text.split('%')[0] ?? text);
    return address === null ? [] : [hostCidr(address)];
  });
}

export function describeRoutes(routes: readonly string[], tun: string): string {
  return `routes ${routes.length === 0 ? 'none' : routes.join(', ')} → ${tun}`;
}
