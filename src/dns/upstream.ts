/**
 * The servers that the machine used before.
 *
 * A redirect of port 53 would catch our own questions, too, so it lets them pass: by UDP a hop limit that no
 * other program uses, by TCP a few source ports.  A mark on the socket would be the usual way, and takes a privilege that
 * this process must not have.  The ports of UDP are left free for it, since they keep forgers away (upstream-udp.ts); a
 * TCP answer is kept from them by its sequence numbers.
 *
 * Servers are tried in order, beginning with the one that answered last;
 * the list may change at any time.
 */
import { isIP } from 'node:net';
import { MirrordError } from '../errors.ts';
import { NoAnswer, withDeadline } from './deadline.ts';
import type { Relay } from './relay.ts';
import { toServer, type UpstreamServer } from './upstream-server.ts';
import { TcpExchange } from './upstream-tcp.ts';
import { UdpExchange } from './upstream-udp.ts';
import { rcodeOf, type Transport } from './wire.ts';

/** One server's time before the next is asked, ms: three servers fit into a question's 4.5 s. */
export const SERVER_TIMEOUT_MS = 1_500;
/** An update may wait for a disk; programs give up after 5 s by themselves (dig, nsupdate), ms. */
const RELAY_TIMEOUT_MS = 5_000;
/** Servers known; as many as glibc reads (MAXNS). */
const MAX_SERVERS = 3;
/** Servers asked for one question, the same one again where there are fewer. */
const MAX_ATTEMPTS = 3;
/** SERVFAIL, NOTIMP, REFUSED: another server may know better. */
const NEXT_SERVER = new Set([2, 4, 5]);

export interface UpstreamOptions {
  /** 53, but for tests. */
  readonly port?: number;
  /** Of questions by UDP, 1 to 255; the system's without it. */
  readonly hopLimit?: number;
}

export class Upstream {
  readonly #port: number;
  readonly #udp: UdpExchange;
  readonly #tcp: TcpExchange;
  #servers: readonly UpstreamServer[] = [];
  /** Index of the server to begin with. */
  #preferred = 0;

  private constructor(port: number, udp: UdpExchange, tcp: TcpExchange) {
    this.#port = port;
    this.#udp = udp;
    this.#tcp = tcp;
  }

  /** Chooses the ports of TCP.  Throws `MirrordError` `dns-source-ports`. */
  static async open(servers: readonly string[], options: UpstreamOptions = {}): Promise<Upstream> {
    const { port = 53, hopLimit = null } = options;
    try {
      const upstream = new Upstream(port, new UdpExchange(hopLimit), await TcpExchange.open());
      upstream.setServers(servers);
      return upstream;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new MirrordError(
        'host',
        'dns-source-ports',
        `No source ports for questions to this machine's DNS servers: ${reason}`,
        {
          help: 'Check the limits on sockets and file descriptors (ulimit -n), or use --dns off.',
          cause: error,
        },
      );
    }
  }

  /** Source ports of TCP that a redirect must let pass. */
  get tcpPorts(): readonly number[] {
    return this.#tcp.ports;
  }

  /** Addresses, IPv6 ones with their scope (anything else is skipped); questions on their way keep to the servers that they began with. */
  setServers(servers: readonly string[]): void {
    this.#servers = servers
      .filter((server) => isIP(server) !== 0)
      .slice(0, MAX_SERVERS)
      .map((server) => toServer(server, this.#port));
    this.#preferred = 0;
  }

  /**
   * The `upstream` port of the resolver: the answer is as the server gave it.  A server that is silent, unreachable or
   * says that it cannot help is followed by the next, as in glibc (res_send); with fewer than three servers the round
   * begins again, since datagrams get lost.  Rejects with `NoAnswer`.
   */
  async ask(message: Uint8Array, transport: Transport, signal: AbortSignal): Promise<Uint8Array> {
    const servers = this.#servers;
    const exchange = transport === 'udp' ? this.#udp : this.#tcp;
    const first = this.#preferred;
    let failure = 'this machine has no DNS server';
    let refusal: Uint8Array | null = null;
    for (let i = 0; i < MAX_ATTEMPTS && !signal.aborted; i++) {
      const index = (first + i) % servers.length;
      const server = servers[index];
      if (server === undefined || (refusal !== null && i >= servers.length)) break;
      try {
        const answer = await withDeadline(SERVER_TIMEOUT_MS, (limit) => exchange.ask(message, server, limit));
        if (!NEXT_SERVER.has(rcodeOf(answer))) {
          if (servers === this.#servers) this.#preferred = index;
          return answer;
        }
        refusal = answer;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        failure = `${server.host}: ${error.message}`;
      }
    }
    if (refusal !== null) return refusal;
    throw new NoAnswer(failure);
  }

  /** One server as it is, of those that programs ask; without `server`, the one that answered last. */
  relay(server?: string): Relay {
    const fixed = server === undefined ? undefined : toServer(server, this.#port);
    const current = (): UpstreamServer => {
      const chosen = fixed ?? this.#servers[this.#preferred];
      if (chosen === undefined) throw new NoAnswer('this machine has no DNS server');
      return chosen;
    };
    return {
      datagram: async (message) => {
        try {
          return await withDeadline(RELAY_TIMEOUT_MS, (signal) => this.#udp.relay(message, current(), signal));
        } catch (error) {
          if (!(error instanceof NoAnswer)) throw error;
          return null; // the program sees what it would have seen: silence
        }
      },
      connect: () => withDeadline(RELAY_TIMEOUT_MS, (signal) => this.#tcp.relay(current(), signal)),
    };
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }
}
