/**
 * One connection to a port that is taken whole.
 *
 * Its first bytes are looked at for a moment (probes go to the original).  Then the session is asked; until it accepts,
 * nothing has been consumed, so that the connection can still pass on to the original: when nothing listens there any more,
 * and when the tunnel is away.
 */
import type { Socket } from 'node:net';
import type { OfferedStream } from '../../peer/incoming.ts';
import type { ServedSession } from '../../peer/served-session.ts';
import { SocketRelay, resetSocket } from '../../relay/socket-relay.ts';
import { FirstBytes } from './first-bytes.ts';
import { ANSWER_LIMIT_MS, DOUBT_AFTER_MS, FIRST_BYTES_MS } from './limits.ts';
import { type Place, originalOf, passOn } from './pass-on.ts';

/** The session that wants connections. */
export interface Subscriber {
  readonly session: ServedSession;
  /** For a connection to that port; `ends` as in `IncomingStream`. */
  offer(port: number, ends: string): OfferedStream;
}

export interface ConnectionEvents {
  /** The session is asked; `giveUp` ends the wait for its answer.  Null: it has answered. */
  readonly asking: (giveUp: (() => void) | null) => void;
  /** The session has it. */
  readonly taken: () => void;
  /** `reset` ends what the session has of it; a later call adds to the earlier ones. */
  readonly held: (reset: () => void) => void;
  readonly passed: () => void;
  /** Called once, at the end. */
  readonly over: () => void;
}

/** `subscriber`: the session; null while there is none. */
export async function takeConnection(
  socket: Socket,
  port: number,
  subscriber: Subscriber | null,
  events: ConnectionEvents,
): Promise<void> {
  // Told by `close`.
  socket.on('error', () => {});
  const original = originalOf(socket, port);
  const first = new FirstBytes(socket);
  const pass = (): void => {
    events.passed();
    passOn(socket, first.take(), original, events.over);
  };
  if (subscriber?.session.isConnected !== true) return pass();
  if ((await within(FIRST_BYTES_MS, first.verdict)) === 'probe') return pass();

  const flow = subscriber.offer(port, endsOf(socket, original));
  const relay = new SocketRelay(socket, flow);
  const giveBack = (): void => {
    relay.release();
    pass();
  };
  const isWanted = await isAccepted(flow, subscriber.session, events);
  if (!isWanted) return giveBack();
  // A server that has spoken is none that a probe of HTTP asks.
  if ((await first.verdict) === 'probe' && !relay.hasDelivered) {
    flow.reset();
    return giveBack();
  }
  events.taken();
  events.held(() => {
    flow.reset();
    resetSocket(socket);
  });
  carry(socket, flow, relay, first.take(), events.over);
}

/** As in `IncomingStream`. */
export const endsOf = ({ remoteAddress, remotePort }: Socket, { host }: Place): string =>
  `${remoteAddress} ${remotePort} ${host}`;

function carry(socket: Socket, flow: OfferedStream, relay: SocketRelay, first: Buffer, over: () => void): void {
  const close = (): void => {
    flow.reset();
    over();
  };
  if (socket.destroyed) return close();
  socket.on('error', () => flow.abort()).on('close', over);
  if (first.length > 0) relay.send(first);
  if (socket.readableEnded) return flow.end();
  socket.on('end', () => flow.end());
  socket.on('data', (chunk) => {
    if (!relay.send(chunk)) socket.pause();
  });
  socket.resume();
}

/** False: it was refused, or has no answer; then it is withdrawn. */
export async function isAccepted(
  flow: OfferedStream,
  session: ServedSession,
  events: ConnectionEvents,
): Promise<boolean> {
  const lost = Promise.withResolvers<undefined>();
  events.asking(() => lost.resolve(undefined));
  const doubt = setTimeout(() => session.doubt(), DOUBT_AFTER_MS);
  const outcome = await within(ANSWER_LIMIT_MS, Promise.race([flow.opened, lost.promise]));
  clearTimeout(doubt);
  events.asking(null);
  if (outcome === undefined) flow.reset();
  return outcome?.ok === true;
}

/** Undefined after `ms`. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, ms, undefined);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
