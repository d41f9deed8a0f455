/**
 * Flows of programs that have bound themselves to another of the machine's addresses than the TUN's.  The host is told
 * of them: a session that is killed cannot reset its flows, and only those with the TUN's address are known by it.
 *
 * Flows that are over stay in the list, which does no harm: a socket with the same four numbers would be the session's
 * again.  Containers' sockets are in namespaces of their own and not listed.
 */
import type { HostOperations } from '../ipc/protocol.ts';
import type { MachineFacts } from '../machine/facts.ts';
import type { BoundFlow } from '../machine/network-state.ts';
import type { Endpoint } from '../stack/index.ts';
import { Coalescer } from './coalescer.ts';

/** Of the newest ones; hardly any program binds itself, and the kernel takes a filter of 64 KB at most. */
export const MAX_BOUND_FLOWS = 256;

export class BoundFlows {
  readonly #tun: ReadonlySet<string>;
  readonly #told: Coalescer<readonly BoundFlow[], void>;
  /** By their four numbers, oldest first. */
  readonly #flows = new Map<string, BoundFlow>();

  /** `tun`: the TUN's own addresses, as CIDRs. */
  constructor(host: Pick<HostOperations, 'bound'>, tun: readonly string[]) {
    this.#tun = new Set(tun.map(withoutPrefix));
    this.#told = new Coalescer((flows) => host.bound(flows));
  }

  entered(source: Endpoint, destination: Endpoint, { addresses }: MachineFacts): void {
    if (this.#tun.has(source.host)) return;
    if (!addresses.some(({ address }) => withoutPrefix(address) === source.host)) return;
    const key = `${source.host} ${source.port} ${destination.host} ${destination.port}`;
    this.#flows.delete(key);
    this.#flows.set(key, { source, destination });
    for (const oldest of this.#flows.keys()) {
      if (this.#flows.size <= MAX_BOUND_FLOWS) break;
      this.#flows.delete(oldest);
    }
    // The host has gone, or refuses: then nothing is known of this one when the session is killed.
    this.#told.set([...this.#flows.values()]).catch(() => undefined);
  }
}

const withoutPrefix = (cidr: string): string => cidr.replace(/\/\d+$/, '');
