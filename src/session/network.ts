/**
 * The routes that this session wishes for, rebuilt whenever something that they follow from has changed: the
 * cluster's ranges, the machine's own network, the addresses that names have led to.
 */
import { type Filter, type ScopedFilter, type Scope, routePlan } from '../filter/index.ts';
import type { Discovery } from '../kube/cluster.ts';
import type { HostOperations } from '../ipc/protocol.ts';
import type { MachineFacts } from '../machine/facts.ts';
import type { NamedState, NetworkState } from '../machine/network-state.ts';
import { type Cidr, hostCidr, parseAddress, parseRanges } from '../net/index.ts';
import { Coalescer } from './coalescer.ts';
import type { VirtualAddresses } from './virtual-addresses.ts';

/**
 * IP MTU of the TUN.  With segmentation offload it hardly matters for TCP; the usual size keeps UDP programs that probe
 * for it, and packets that are forwarded from containers, out of trouble.
 */
export const TUN_MTU = 1_500;

const NO_NAMES: NamedState = { routes: [], pins: [], rules: [] };

/** What the routes follow from, as it is now. */
export interface Known {
  readonly discovery: Discovery;
  readonly facts: MachineFacts;
  /** The transport's own addresses (`Remote.ownAddresses`). */
  readonly own: readonly string[];
}

export class SessionNetwork {
  readonly #filter: Filter;
  readonly #virtual: VirtualAddresses;
  readonly #wishes: Coalescer<NetworkState, readonly string[]>;
  #known: Known;
  readonly #names: Coalescer<NamedState, void>;
  #named = NO_NAMES;
  /** Names' part that the kernel has. */
  #namedInForce = NO_NAMES;
  #state: NetworkState | undefined;
  #scoped: ScopedFilter | undefined;
  warnings: readonly string[] = [];

  constructor(host: HostOperations, filter: Filter, virtual: VirtualAddresses, known: Known) {
    this.#filter = filter;
    this.#virtual = virtual;
    this.#known = known;
    this.#wishes = new Coalescer((state) => host.network(state));
    this.#names = new Coalescer((state) => host.named(state));
  }

  /** CIDRs that enter the TUN now, the resolver's own address aside. */
  get routes(): readonly string[] {
    const ranges = this.#state?.routes.filter((route) => route !== this.#resolverRoute) ?? [];
    return [...new Set([...ranges, ...this.#named.routes])];
  }

  /** The filter with today's ranges: what `explain` asks. */
  get scoped(): ScopedFilter {
    this.#scoped ??= this.#filter.within(scopeOf(this.#known));
    return this.#scoped;
  }

  get known(): Known {
    return this.#known;
  }

  discovered(discovery: Discovery): Promise<void> {
    return this.#learn({ discovery });
  }

  /** The machine's own network, or the transport's addresses, are others now. */
  machineChanged(facts: MachineFacts, own: readonly string[]): Promise<void> {
    return this.#learn({ facts, own });
  }

  #learn(news: Partial<Known>): Promise<void> {
    this.#known = { ...this.#known, ...news };
    this.#scoped = undefined;
    return this.apply();
  }

  /** What names have added, whole.  Resolves when the kernel has it. */
  async named(named: NamedState): Promise<void> {
    this.#named = named;
    await this.#names.set(named);
    this.#namedInForce = named;
  }

  /** Resolves when the kernel has what was told of names last, by whomever; what has failed is tried again. */
  async settled(): Promise<void> {
    if (this.#namedInForce !== this.#named) await this.named(this.#named);
  }

  /** Resolves when the kernel routes as wished. */
  async apply(): Promise<void> {
    const plan = routePlan(this.scoped);
    this.#state = {
      addresses: this.#virtual.tun,
      mtu: TUN_MTU,
      routes: [this.#resolverRoute, ...plan.routes],
      pins: plan.pins,
      rules: plan.rules,
      unreachable: plan.unreachable,
      farRanges: plan.farRanges,
      resolver: this.#resolverRoute,
      forwarded: this.#filter.settings.outgoing.forwarded,
    };
    this.warnings = await this.#wishes.set(this.#state);
  }

  get #resolverRoute(): string {
    return `${this.#virtual.resolver}/32`;
  }
}

/** The ranges of the far side, and what is never captured, in the filter's terms. */
export function scopeOf({ discovery, facts, own }: Known): Scope {
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
