/**
 * The target's incoming traffic: takes what the session wishes for, and gives it back when the session is away.
 *
 * One session at a time: an agent has one client, and one that starts anew takes the place of the one before.
 */
import type { Socket } from 'node:net';
import type { IncomingCount, IncomingState, IncomingWish } from '../../peer/incoming.ts';
import type { ServedSession } from '../../peer/served-session.ts';
import { resetSocket } from '../../relay/socket-relay.ts';
import type { Places } from '../places.ts';
import { type Subscriber, takeConnection } from './connection.ts';
import type { Established } from './established.ts';
import { PORTS_LIMIT, RESET_AFTER_MS, WITHDRAW_AFTER_MS } from './limits.ts';
import { IncomingPorts } from './ports.ts';
import { IncomingError, type Redirects } from './redirects.ts';

/** A connection that passes on has two sockets. */
const SOCKETS_EACH = 2;

export class Incoming {
  readonly #ports: IncomingPorts;
  readonly #places: Places;
  readonly #counts = new Map<number, { taken: number; passed: number }>();
  /** Of connections that the session has not answered: each hands one on to the original. */
  readonly #waits = new Set<() => void>();
  /** Of what the session has: each ends one connection. */
  readonly #resets = new Set<() => void>();
  /** Connections that have come and are not over. */
  #open = 0;
  #isLeaving = false;
  #subscriber: Subscriber | null = null;
  #timers: readonly NodeJS.Timeout[] = [];

  constructor(redirects: Redirects, established: Established, places: Places) {
    this.#places = places;
    this.#ports = new IncomingPorts(redirects, established, (socket, port) => this.#accepted(socket, port));
  }

  /** All that is wished for, each time; answers with what has come so far. */
  async subscribe(subscriber: Subscriber, { ports }: IncomingWish): Promise<IncomingState> {
    if (ports.length > PORTS_LIMIT) return { problem: 'unsupported', text: `more than ${PORTS_LIMIT} ports` };
    if (this.#subscriber !== null && this.#subscriber.session !== subscriber.session) this.#resetAll();
    this.#subscriber = subscriber;
    this.resumed(subscriber.session);
    try {
      await this.#ports.set(ports);
    } catch (error) {
      if (error instanceof IncomingError) return { problem: error.problem, text: error.message };
      throw error;
    }
    return { counts: ports.map((port) => ({ port, ...this.#count(port) })) };
  }

  /** The session's transport is gone; it may come back. */
  lost(session: ServedSession): void {
    if (this.#subscriber?.session !== session) return;
    for (const giveUp of this.#waits) giveUp();
    this.#timers = [
      setTimeout(() => this.#ports.withdraw(), WITHDRAW_AFTER_MS),
      setTimeout(() => this.#leave(), RESET_AFTER_MS),
    ];
  }

  resumed(session: ServedSession): void {
    if (this.#subscriber?.session !== session) return;
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    this.#isLeaving = false;
    try {
      this.#ports.restore();
    } catch (error) {
      // Another session may have the target by now: this one is told when it asks, which it does when it is back.
      if (!(error instanceof IncomingError)) throw error;
    }
  }

  ended(session: ServedSession): void {
    if (this.#subscriber?.session !== session) return;
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    this.#subscriber = null;
    this.#leave();
  }

  #accepted(socket: Socket, port: number): void {
    if (!this.#places.take(SOCKETS_EACH)) return resetSocket(socket);
    const count = this.#count(port);
    this.#open++;
    let wait: (() => void) | null = null;
    let reset: (() => void) | undefined;
    void takeConnection(socket, port, this.#subscriber, {
      asking: (giveUp) => {
        if (wait !== null) this.#waits.delete(wait);
        wait = giveUp;
        if (wait !== null) this.#waits.add(wait);
      },
      taken: (end) => {
        count.taken++;
        reset = end;
        this.#resets.add(end);
      },
      passed: () => {
        count.passed++;
      },
      over: () => {
        this.#open--;
        this.#places.leave(SOCKETS_EACH);
        if (reset !== undefined) this.#resets.delete(reset);
        this.#leaveWhenEmpty();
      },
    });
  }

  #count(port: number): { taken: number; passed: number } {
    const known = this.#counts.get(port);
    if (known !== undefined) return known;
    const count = { taken: 0, passed: 0 } satisfies Omit<IncomingCount, 'port'>;
    this.#counts.set(port, count);
    return count;
  }

  /** Ends what the session has.  What passes on goes on, and keeps the table, which translates it, until its end. */
  #leave(): void {
    this.#resetAll();
    this.#isLeaving = true;
    this.#ports.withdraw();
    this.#leaveWhenEmpty();
  }

  #leaveWhenEmpty(): void {
    if (this.#isLeaving && this.#open === 0) this.#ports.leave();
  }

  #resetAll(): void {
    for (const reset of this.#resets) reset();
  }
}
