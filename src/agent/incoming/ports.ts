/**
 * The target's ports that are taken: a listener for each, and the table that leads to them.
 *
 * Desired state: the same wish twice changes nothing.  While they are withdrawn the listeners stay, and new connections go
 * to the original by the kernel's own hand.
 */
import { type Server, type Socket, createServer } from 'node:net';
import { once } from 'node:events';
import type { Established } from './established.ts';
import { BACKLOG, LISTENER_LINGER_MS } from './limits.ts';
import type { Redirects } from './redirects.ts';

export class IncomingPorts {
  readonly #redirects: Redirects;
  readonly #established: Established;
  readonly #accepted: (socket: Socket, port: number) => void;
  readonly #listeners = new Map<number, Promise<Listener>>();
  #wanted: readonly Listener[] = [];
  #isWithdrawn = false;

  constructor(redirects: Redirects, established: Established, accepted: (socket: Socket, port: number) => void) {
    this.#redirects = redirects;
    this.#established = established;
    this.#accepted = accepted;
  }

  /** All ports, each time.  Throws an IncomingError; then no port is taken. */
  async set(ports: readonly number[]): Promise<void> {
    const listeners = await Promise.all(ports.map((port) => this.#listener(port)));
    this.#wanted = listeners;
    this.#apply();
    for (const [port, listener] of this.#listeners) {
      if (ports.includes(port)) continue;
      this.#listeners.delete(port);
      void listener.then(({ server }) => setTimeout(() => server.close(), LISTENER_LINGER_MS).unref());
    }
  }

  /** New connections go to the original, until `restore`. */
  withdraw(): void {
    if (this.#isWithdrawn) return;
    this.#isWithdrawn = true;
    this.#apply();
  }

  /** The same, and nothing stays in the kernel: for when no connection of ours is left. */
  leave(): void {
    this.withdraw();
    this.#redirects.drop();
  }

  restore(): void {
    if (!this.#isWithdrawn) return;
    this.#isWithdrawn = false;
    this.#apply();
  }

  #apply(): void {
    const redirections = this.#isWithdrawn ? [] : this.#wanted;
    this.#redirects.set(redirections);
    this.#established.follow(new Set(redirections.map(({ port }) => port)));
  }

  #listener(port: number): Promise<Listener> {
    const known = this.#listeners.get(port);
    if (known !== undefined) return known;
    const listener = listen((socket) => this.#accepted(socket, port)).then(({ server, to }) => ({ server, port, to }));
    this.#listeners.set(port, listener);
    // One that failed is tried again with the next wish.
    listener.catch(() => this.#listeners.delete(port));
    return listener;
  }
}

interface Listener {
  readonly server: Server;
  /** The target's port. */
  readonly port: number;
  /** The listener's own. */
  readonly to: number;
}

/** On a port of the kernel's choice, for both families where there are both. */
async function listen(accepted: (socket: Socket) => void): Promise<Omit<Listener, 'port'>> {
  const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };
  for (const host of ['::', '0.0.0.0']) {
    const server = createServer(options, accepted).listen({ host, port: 0, backlog: BACKLOG });
    try {
      await once(server, 'listening');
    } catch (error) {
      if (host === '::') continue; // a kernel, or a pod, without IPv6
      throw error;
    }
    const address = server.address();
    if (address !== null && typeof address === 'object') return { server, to: address.port };
  }
  throw new Error('a listener without an address');
}
