/**
 * Datagrams between a program's socket and one peer: opened by the client, served by the agent.  When the peer's host
 * answers from another port, the agent opens a flow for that one at the client.
 */
import type { DialErrno, DialOutcome, FlowDatagrams } from '../mux/flow.ts';
import type { Mux } from '../mux/mux.ts';
import type { PendingDatagrams } from './arrival.ts';
import { KIND, encodeOpening } from './opening.ts';
import type { Service } from './peer.ts';

/** Datagrams to one destination on the far side. */
export interface TunnelDatagrams extends FlowDatagrams {
  /** Resolves once the far socket exists; a destination that cannot be dialled gives its errno.  Never rejects. */
  readonly opened: Promise<DialOutcome>;
}

/** The same where the peer is spoken to. */
export interface PeerDatagrams extends PendingDatagrams {
  /** The peer's host has sent from another port: a flow for that one; null when there is no room for it. */
  answerFrom(port: number): PeerDatagrams | null;
}

export interface WantedDatagrams extends PeerDatagrams {
  readonly host: string;
  readonly port: number;
  /** The program's socket: flows with the same text share it.  Of all sessions no two are alike. */
  readonly socket: string;
}

/** `socket`: see `Tunnel`. */
export function sendUdp(mux: Mux, host: string, port: number, socket: string): TunnelDatagrams {
  const { datagrams, opened } = mux.openDatagrams(encodeOpening(KIND.udp, port, `${host} ${socket}`));
  return Object.assign(datagrams, { opened });
}

/** `session`: tells it from all others. */
export function serveUdp(session: number, dial: (flow: WantedDatagrams) => void): Service {
  return (arrival) => {
    const { mux, port, text } = arrival;
    const [host = '', ...socket] = text.split(' ');
    const flow = withAnswers(mux, arrival.datagrams());
    dial(Object.assign(flow, { host, port, socket: `${session} ${socket.join(' ')}` }));
  };
}

/** Adds the way by which more ports of a peer's host become flows. */
function withAnswers<F extends PendingDatagrams>(mux: Mux, asked: F): F & PeerDatagrams {
  const answerFrom = (port: number): PeerDatagrams | null => {
    const answer = mux.offerDatagrams(encodeAnswer(asked.id, port));
    if (answer === null) return null;
    // Nothing waits for the outcome.
    const told = { accept: () => undefined, refuse: (errno: DialErrno) => answer.fail(errno) };
    return withAnswers(mux, Object.assign(answer, told));
  };
  return Object.assign(asked, { answerFrom });
}

/** At the client: `onAnswer` of the flow in which the host was asked. */
export const serveAnswer: Service = (arrival) => {
  const asked = arrival.mux.datagrams(arrival.body.readUInt32BE(0));
  if (asked === undefined) return arrival.refuse('EACCES');
  const flow = arrival.datagrams();
  asked.onAnswer(arrival.port, flow);
};

/** `asked`: the flow with the host that has answered. */
export function encodeAnswer(asked: number, port: number): Buffer {
  const body = Buffer.allocUnsafe(4);
  body.writeUInt32BE(asked, 0);
  return encodeOpening(KIND.answer, port, body);
}
