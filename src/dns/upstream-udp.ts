/**
 * Questions to servers by UDP, each from a source port of its own, so that a forger must guess the port beside the id each
 * time again (RFC 5452, 9.2).  A socket costs 15 us of processor time (measured).
 */
import { randomInt } from 'node:crypto';
import { NoAnswer } from './deadline.ts';
import { MAX_QUESTIONS_PER_PORT, UdpPort } from './source-port.ts';
import type { UpstreamServer } from './upstream-server.ts';

/** Ports at once and family: descriptors, of which a process may have only 1,024.  More questions share them at random. */
const MAX_PORTS = 256;

export class UdpExchange {
  readonly #hopLimit: number | null;
  readonly #ports: Readonly<Record<4 | 6, UdpPort[]>> = { 4: [], 6: [] };
  #closed = false;

  /** `hopLimit`: of every packet sent (IPv4's TTL); null leaves it to the system. */
  constructor(hopLimit: number | null) {
    this.#hopLimit = hopLimit;
  }

  /** Resolves to the server's answer under the message's own id; rejects when `signal` aborts or nothing can be sent. */
  async ask(message: Uint8Array, server: UpstreamServer, signal: AbortSignal): Promise<Uint8Array> {
    return await this.#port(server).ask(message, server, signal);
  }

  /** The same for a message that is not a question, as it is. */
  async relay(message: Uint8Array, server: UpstreamServer, signal: AbortSignal): Promise<Uint8Array> {
    return await this.#port(server).relay(message, server, signal);
  }

  #port(server: UpstreamServer): UdpPort {
    if (this.#closed) throw new NoAnswer('closed');
    const ports = this.#ports[server.family];
    const port = ports.length < MAX_PORTS ? this.#open(server.family) : ports[randomInt(ports.length)];
    if (port === undefined || port.waiting >= MAX_QUESTIONS_PER_PORT) throw new NoAnswer('too many questions are open');
    return port;
  }

  close(): void {
    this.#closed = true;
    for (const port of [...this.#ports[4].splice(0), ...this.#ports[6].splice(0)]) port.close();
  }

  #open(family: 4 | 6): UdpPort {
    const ports = this.#ports[family];
    const port = new UdpPort(family, this.#hopLimit, () => {
      const at = ports.indexOf(port);
      // Closed already, with the exchange.
      if (at < 0) return;
      ports.splice(at, 1);
      port.close();
    });
    ports.push(port);
    return port;
  }
}
