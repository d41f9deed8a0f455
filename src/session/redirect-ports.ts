/** The resolver's listeners on loopback, one for each name server that programs ask: a redirect leads its questions there. */
import { type LoopbackListener, listenOnLoopback } from '../dns/loopback-listener.ts';
import type { Relay } from '../dns/relay.ts';
import type { Resolver } from '../dns/resolver.ts';
import type { DnsRedirect } from '../machine/dns-state.ts';
import { Turns } from '../turns.ts';

/** glibc, musl and Go read three servers, and systemd-resolved may have as many behind its stub; others read more. */
const MAX_SERVERS = 16;

export class RedirectPorts {
  readonly #resolver: Resolver;
  readonly #relayTo: (server: string) => Relay;
  readonly #listeners = new Map<string, LoopbackListener>();
  #servers: readonly string[] = [];
  readonly #turns = new Turns();

  constructor(resolver: Resolver, relayTo: (server: string) => Relay) {
    this.#resolver = resolver;
    this.#relayTo = relayTo;
  }

  /** What of it the machine should be told. */
  get redirects(): readonly DnsRedirect[] {
    return this.#servers.flatMap((server) => {
      const listener = this.#listeners.get(server);
      return listener === undefined ? [] : [{ server, port: listener.port }];
    });
  }

  /** Whether these are others; `prune` closes what was for the ones before, once nothing leads there any more. */
  follow(asked: readonly string[]): Promise<boolean> {
    return this.#turns.take(() => this.#open(asked));
  }

  async #open(asked: readonly string[]): Promise<boolean> {
    // A server on one link only cannot be redirected.
    const servers = asked.filter((server) => !server.includes('%')).slice(0, MAX_SERVERS);
    if (servers.join() === this.#servers.join()) return false;
    for (const server of servers) {
      if (this.#listeners.has(server)) continue;
      this.#listeners.set(server, await listenOnLoopback(this.#resolver, this.#relayTo(server)));
    }
    this.#servers = servers;
    return true;
  }

  async prune(): Promise<void> {
    const stale = [...this.#listeners].filter(([server]) => !this.#servers.includes(server));
    for (const [server] of stale) this.#listeners.delete(server);
    await Promise.all(stale.map(([, listener]) => listener.close()));
  }

  async close(): Promise<void> {
    this.#servers = [];
    await this.prune();
  }
}
