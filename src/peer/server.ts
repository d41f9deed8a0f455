/**
 * The agent's end: takes transports from strangers, hears their hello, and serves each proven session.
 * Whatever comes in, only the transport or the session it came on is harmed.
 */
import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { ByteStream } from '../connection/byte-stream.ts';
import { REFUSAL } from '../connection/hello.ts';
import type { RefusalCode } from '../connection/hello.ts';
import { Hellos } from '../connection/hellos.ts';
import type { SourcesOf } from '../connection/hellos.ts';
import { createTunnelKey } from '../connection/key.ts';
import { RESUME_LIMIT_MS, SESSION_LIMIT } from '../connection/limits.ts';
import type { Mux } from '../mux/mux.ts';
import { type Services, createPeer } from './peer.ts';
import { ServedSession } from './served-session.ts';
import { hearHello } from '../connection/server-hello.ts';
import type { HelloKeys, ProvenClient } from '../connection/server-hello.ts';

export interface TunnelServerOptions {
  /** The client's. */
  readonly publicKey: KeyObject;
  readonly resumeLimitMs?: number;
  /** By default all transports count as of one source. */
  readonly sourcesOf?: SourcesOf;
}

export interface TunnelServerEvents {
  /** The number of sessions that have a transport right now changed. */
  connected(sessions: number): void;
  /** A client has ended its session in order, and there is no other. */
  goodbye?(): void;
  /** A line for the log, without secrets. */
  note(event: string, detail: string): void;
}

interface Session {
  readonly stream: ByteStream;
  readonly mux: Mux;
  readonly served: ServedSession;
  /** Runs while the transport is away. */
  expiry: NodeJS.Timeout | undefined;
}

export class TunnelServer {
  readonly #keys: HelloKeys;
  readonly #services: (session: ServedSession) => Services;
  readonly #events: TunnelServerEvents;
  readonly #sessions = new Map<string, Session>();
  readonly #limitMs: number;
  readonly #hellos: Hellos;

  /** `services`: what each session is served. */
  constructor(
    options: TunnelServerOptions,
    services: (session: ServedSession) => Services,
    events: TunnelServerEvents,
  ) {
    this.#keys = { client: options.publicKey, agent: createTunnelKey() };
    this.#hellos = new Hellos(options.sourcesOf ?? ((transports) => transports.map(() => '')));
    this.#limitMs = options.resumeLimitMs ?? RESUME_LIMIT_MS;
    this.#services = services;
    this.#events = events;
  }

  accept(transport: Duplex): void {
    this.#hellos.makeRoom();
    const drop = hearHello(transport, this.#keys, {
      proven: (client) => this.#proven(client),
      refused: (reason) => this.#events.note('rejected', reason),
      over: () => this.#hellos.over(transport),
    });
    this.#hellos.add(transport, drop);
  }

  /** Ends every session in order. */
  close(reason: string): void {
    for (const [id, session] of this.#sessions) {
      void session.stream.farewell(reason);
      this.#end(id, session, reason);
    }
  }

  #proven(client: ProvenClient): RefusalCode | null {
    const { claim } = client;
    const known = this.#sessions.get(claim.session);
    if (claim.resume) return known === undefined ? REFUSAL.unknownSession : this.#attach(known, client);
    if (known !== undefined) return REFUSAL.malformed;
    if (this.#sessions.size >= SESSION_LIMIT) return REFUSAL.busy;
    const session = this.#create(claim.session);
    const refusal = this.#attach(session, client);
    if (refusal !== null) {
      this.#sessions.delete(claim.session);
      session.stream.destroy();
      return refusal;
    }
    return null;
  }

  #create(id: string): Session {
    const stream: ByteStream = new ByteStream({
      lost: (reason) => {
        this.#events.note('lost', reason);
        session.expiry = setTimeout(() => this.#end(id, session, 'no client came back'), this.#limitMs);
        served.onLost();
        this.#count();
      },
      closed: (reason) => {
        this.#end(id, session, reason);
        if (this.#sessions.size === 0) this.#events.goodbye?.();
      },
    });
    const served = new ServedSession(stream);
    const mux = createPeer(stream, false, this.#services(served), (reason) => {
      void stream.farewell(reason);
      this.#end(id, session, reason);
    });
    const session: Session = { stream, mux, served, expiry: undefined };
    this.#sessions.set(id, session);
    return session;
  }

  /** A transport that the session still has is half dead, or the client would not come again: the new one replaces it. */
  #attach(session: Session, { claim, link, roundTripMs, welcome }: ProvenClient): RefusalCode | null {
    const { stream } = session;
    if (!stream.resumesAt(claim.received)) return REFUSAL.malformed;
    stream.detach();
    welcome(stream.received);
    stream.attach(link, claim.received, roundTripMs);
    clearTimeout(session.expiry);
    if (claim.resume) session.served.onResumed();
    this.#events.note(claim.resume ? 'resumed' : 'connected', '');
    this.#count();
    return null;
  }

  #end(id: string, session: Session, reason: string): void {
    if (this.#sessions.get(id) !== session) return;
    this.#sessions.delete(id);
    clearTimeout(session.expiry);
    session.stream.destroy();
    session.mux.close();
    session.served.onEnded();
    this.#events.note('ended', reason);
    this.#count();
  }

  #count(): void {
    let connected = 0;
    for (const { stream } of this.#sessions.values()) if (stream.connected) connected++;
    this.#events.connected(connected);
  }
}
