/**
 * Incoming traffic: the client asks for ports of the target (`subscribe`), and for each connection to one of them the agent
 * opens a flow at the client (`incoming`), which accepts it, or refuses it and so leaves it to the original.
 */
import type { DialOutcome } from '../mux/flow.ts';
import type { Mux } from '../mux/mux.ts';
import type { MuxStream } from '../mux/stream.ts';
import type { PendingStream } from './arrival.ts';
import { KIND, encodeOpening } from './opening.ts';
import type { Service } from './peer.ts';
import { ask } from './question.ts';

/** All ports that are to come, each time; JSON on the wire. */
export interface IncomingWish {
  readonly ports: readonly WantedPort[];
}

export interface WantedPort {
  readonly port: number;
  /** Which requests are taken (`FilterSpec` of http-filter); null: whole connections. */
  readonly filter: unknown;
  /** What becomes of a request that the client should answer and cannot. */
  readonly fallback: 'error' | 'original';
}

/**
 * Why the wish cannot be granted.  `taken`: another session has the target's traffic.  `forbidden`: the agent may not change
 * the network.  `unsupported`: the kernel cannot.
 */
export type IncomingProblem = 'taken' | 'forbidden' | 'unsupported';

/** Connections to a port since the agent was started; requests where there is a filter. */
export interface IncomingCount {
  readonly port: number;
  /** That came to the client. */
  readonly taken: number;
  /** That the agent handed on to the original: probes, and what was not wanted here. */
  readonly passed: number;
}

export type IncomingState =
  { readonly counts: readonly IncomingCount[] } | { readonly problem: IncomingProblem; readonly text: string };

/** At the agent: a connection that the client is to accept. */
export type OfferedStream = MuxStream & { readonly opened: Promise<DialOutcome> };

/** At the client: the same, for a port of the target's. */
export interface IncomingStream extends PendingStream {
  readonly port: number;
  /** Who has connected, and to which address: `10.244.1.7 40312 10.244.0.9`. */
  readonly ends: string;
}

export function offerIncoming(mux: Mux, port: number, ends: string): OfferedStream {
  const { stream, opened } = mux.openStream(encodeOpening(KIND.incoming, port, ends));
  return Object.assign(stream, { opened });
}

export function serveIncoming(deliver: (flow: IncomingStream) => void): Service {
  return (arrival) => {
    const { port, text: ends } = arrival;
    deliver(Object.assign(arrival.stream(), { port, ends }));
  };
}

export async function askIncoming(mux: Mux, wish: IncomingWish): Promise<IncomingState> {
  // The agent is of our own release (the hello has compared versions), and proved by where it runs.
  const state: IncomingState = JSON.parse((await ask(mux, KIND.subscribe, JSON.stringify(wish))).toString());
  return state;
}

/** `mux`: whence the wish comes, and where the connections go. */
export function answerIncoming(subscribe: (mux: Mux, wish: IncomingWish) => Promise<IncomingState>): Service {
  return (arrival) =>
    arrival.question(async (question) => {
      // The client is of our own release, likewise.
      const wish: IncomingWish = JSON.parse(question.toString());
      return Buffer.from(JSON.stringify(await subscribe(arrival.mux, wish)));
    });
}
