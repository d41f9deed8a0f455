/**
 * The target's incoming traffic: takes what the session wishes for, and gives it back when the session is away.
 *
 * One session at a time: an agent has one client, and one that starts again takes the place of the one before.
 */
import type { Socket } from 'node:net';
import { checkFilter, compileFilter, type FilterSpec } from '../../http-filter/index.ts';
import type { IncomingCount, IncomingState, IncomingWish, WantedPort } from '../../peer/incoming.ts';
import type { ServedSession } from '../../peer/served-session.ts';
import { resetSocket } from '../../relay/socket-relay.ts';
import type { Places } from '../places.ts';
import { type ConnectionEvents, type Subscriber, takeConnection } from './connection.ts';
import type { Established } from './established.ts';
import { PORTS_LIMIT, RESET_AFTER_MS, WITHDRAW_AFTER_MS } from './limits.ts';
import { IncomingPorts } from './ports.ts';
import { IncomingError, type Redirects } from './redirects.ts';
import { type PortFilter, splitTraffic } from './split-connection.ts';

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
  /** Of ports that are not taken whole. */
  #filters: ReadonlyMap<number, PortFilter> = new Map();
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
  async subscribe(subscriber: Subscriber, { ports: wanted }: IncomingWish): Promise<IncomingState> {
    if (wanted.length > PORTS_LIMIT) return { problem: 'unsupported', text: `more than ${PORTS_LIMIT} ports` };
    const filters = filtersOf(wanted);
    if (typeof filters === 'string') return { problem: 'unsupported', text: filters };
    if (this.#subscriber !== null && this.#subscriber.session !== subscriber.session) this.#resetAll();
    this.#subscriber = subscriber;
    this.resumed(subscriber.session);
    this.#filters = filters;
    const ports = wanted.map(({ port }) => port);
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
    const held: (() => void)[] = [];
    const events: ConnectionEvents = {
      asking: (giveUp) => {
        if (wait !== null) this.#waits.delete(wait);
        wait = giveUp;
        if (wait !== null) this.#waits.add(wait);
      },
      taken: () => {
        count.taken++;
      },
      held: (reset) => {
        held.push(reset);
        this.#resets.add(reset);
      },
      passed: () => {
        count.passed++;
      },
      over: () => {
        this.#open--;
        this.#places.leave(SOCKETS_EACH);
        for (const reset of held) this.#resets.delete(reset);
        this.#leaveWhenEmpty();
      },
    };
    const filter = this.#filters.get(port);
    if (filter === undefined) void takeConnection(socket, port, this.#subscriber, events);
    else splitTraffic(socket, port, filter, () => this.#subscriber, events);
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

/** By port; or why one cannot be used.  A client is not believed to have checked what it sends. */
function filtersOf(wanted: readonly WantedPort[]): ReadonlyMap<number, PortFilter> | string {
  const filters = new Map<number, PortFilter>();
  for (const { port, filter, fallback } of wanted) {
    if (filter === null) continue;
    const [fault] = checkFilter(filter);
    if (fault !== undefined) return `the filter has ${fault.reason} (${fault.at})`;
    filters.set(port, {
      filter: compileFilter(filter as FilterSpec),
      fallback: fallback === 'original' ? 'main' : 'error',
    });
  }
  return filters;
}
