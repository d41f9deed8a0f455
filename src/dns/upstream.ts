/**
 * The servers that the machine used before, asked from source ports that are known beforehand.
 *
 * A redirect of port 53 would catch our own questions, too; it exempts these ports (`exemptPorts`), so they are fixed
 * before it is in force and stay so until `close`.  Servers are tried in order, beginning with the one that answered last;
 * the list may change at any time.
 */
import { isIP } from 'node:net';
import { MirrordError } from '../errors.ts';
import { NoAnswer, withDeadline } from './deadline.ts';
import { toServer, type UpstreamServer } from './upstream-server.ts';
import { TcpExchange } from './upstream-tcp.ts';
import { UdpExchange } from './upstream-udp.ts';
import { rcodeOf, type Transport } from './wire.ts';

/** One server's time before the next is asked, ms: three servers fit into a question's 4.5 s. */
export const SERVER_TIMEOUT_MS = 1_500;
/** Servers known; as many as glibc reads (MAXNS). */
const MAX_SERVERS = 3;
/** Servers asked for one question, the same one again where there are fewer. */
const MAX_ATTEMPTS = 3;
/** SERVFAIL, NOTIMP, REFUSED: another server may know better. */
const NEXT_SERVER = new Set([2, 4, 5]);

export interface UpstreamOptions {
  /** 53, but for tests. */
  readonly port?: number;
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

  /** Binds the sockets and chooses the ports.  Throws `MirrordError` `dns-source-ports`. */
  static async open(servers: readonly string[], options: UpstreamOptions = {}): Promise<Upstream> {
    let udp: UdpExchange | undefined;
    try {
      udp = await UdpExchange.open();
      const upstream = new Upstream(options.port ?? 53, udp, await TcpExchange.open());
      upstream.setServers(servers);
      return upstream;
    } catch (error) {
      udp?.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new MirrordError(
        'host',
        'dns-source-ports',
        `no source ports for questions to this machine's DNS servers: ${reason}`,
        {
          help: 'Look for a limit on sockets or file descriptors (ulimit -n), or use --dns off.',
          cause: error,
        },
      );
    }
  }

  /** Source ports that a redirect must let pass. */
  get exemptPorts(): { readonly udp: readonly number[]; readonly tcp: readonly number[] } {
    return { udp: this.#udp.ports, tcp: this.#tcp.ports };
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

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }
}
