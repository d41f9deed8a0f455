/**
 * Connections that began before their port was taken: redirects see SYNs only, and a client that keeps its connections
 * would go on with the original for hours.  They are ended, idle ones at once, busy ones a little later; the client
 * connects again.  (Removing their entries from connection tracking would do nothing: most have none.)
 */
import { type TcpSocket, TCP_STATES, cookieOf, destroyTcpSocket, tcpSockets } from '../../netlink/sock-diag.ts';
import type { NetlinkSocket } from '../../netlink/socket.ts';
import { BUSY_LIMIT_MS, IDLE_MS } from './limits.ts';

export class Established {
  readonly #socket: NetlinkSocket;
  #redirected: ReadonlySet<number> = new Set();

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** The ports that are redirected now.  Of those that were not before, whatever is connected is the original's. */
  follow(redirected: ReadonlySet<number>): void {
    const added = new Set([...redirected].filter((port) => !this.#redirected.has(port)));
    this.#redirected = redirected;
    if (added.size === 0) return;
    const former = this.#connections(added);
    const isIdle = ({ idleMs, queued }: TcpSocket): boolean => idleMs >= IDLE_MS && queued === 0;
    this.#end(former.filter(isIdle));
    const busy = new Set(former.filter((each) => !isIdle(each)).map(cookieOf));
    if (busy.size > 0) setTimeout(() => this.#endBusy(busy), BUSY_LIMIT_MS).unref();
  }

  /** Those whose port has been given back meanwhile may stay. */
  #endBusy(busy: ReadonlySet<string>): void {
    this.#end(this.#connections(this.#redirected).filter((each) => busy.has(cookieOf(each))));
  }

  #connections(ports: ReadonlySet<number>): readonly TcpSocket[] {
    const connected = TCP_STATES.established | TCP_STATES.closeWait;
    return tcpSockets(this.#socket, connected, true).filter(({ port }) => ports.has(port));
  }

  #end(sockets: readonly TcpSocket[]): void {
    for (const each of sockets) {
      try {
        destroyTcpSocket(this.#socket, each);
      } catch {
        // It has ended by itself, or the kernel cannot do it (CONFIG_INET_DIAG_DESTROY): then it is left to its client.
      }
    }
  }
}
