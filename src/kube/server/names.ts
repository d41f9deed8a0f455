/**
 * Addresses of the API server and of the proxy, resolved once while the machine's DNS is still untouched and kept from
 * then on: a reconnect must not depend on a resolver that may itself be waiting for the tunnel.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** getaddrinfo has no deadline of its own; two resolvers of 5 s each is what resolv.conf's defaults allow. */
const LOOKUP_DEADLINE_MS = 5_000;

/** All addresses of a name, as the machine resolves it. */
export type Lookup = (host: string) => Promise<readonly string[]>;

const systemLookup: Lookup = async (host) => (await lookup(host, { all: true })).map((answer) => answer.address);

/** A name that moves all the time (a load balancer's) must not grow the pins without end. */
const ADDRESSES_KEPT = 16;

export class ServerNames {
  readonly #lookup: Lookup;
  readonly #known = new Map<string, readonly string[]>();
  /** See `Cluster.onServerAddresses`. */
  onChange: ((addresses: readonly string[]) => Promise<void>) | null = null;

  constructor(lookUp: Lookup = systemLookup) {
    this.#lookup = lookUp;
  }

  /** Every address known by now. */
  all(): readonly string[] {
    return [...new Set([...this.#known.values()].flat())];
  }

  /** The names that lead there. */
  names(): readonly string[] {
    return [...this.#known.keys()].filter((host) => isIP(host) === 0);
  }

  /** The addresses of `host`, asked for only when none is known yet. */
  async resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#known.get(host) ?? this.refresh(host, signal);
  }

  /** Asks again: for when no known address could be reached.  Known ones are kept as they may come back. */
  async refresh(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const found = isIP(host) !== 0 ? [host] : await this.#bounded(host, signal);
    const before = this.#known.get(host) ?? [];
    const merged = [...new Set([...found, ...before])].slice(0, ADDRESSES_KEPT);
    const isNew = merged.some((address) => !before.includes(address));
    this.#known.set(host, merged);
    if (isNew && before.length > 0) await this.onChange?.(this.all());
    return merged;
  }

  async #bounded(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_DEADLINE_MS)]);
    const aborted = new Promise<never>((_, reject) => {
      bounded.addEventListener('abort', () => reject(lookupTimeout(host)), { once: true });
    });
    return Promise.race([this.#lookup(host), aborted]);
  }
}

function lookupTimeout(host: string): Error {
  return Object.assign(new Error(`no answer for ${host}`), { code: 'EAI_AGAIN', hostname: host });
}
