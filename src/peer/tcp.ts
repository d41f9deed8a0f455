/** A TCP connection that the other end makes: opened by the client, served by the agent. */
import type { DialOutcome, FlowBytes } from '../mux/flow.ts';
import type { Mux } from '../mux/mux.ts';
import type { PendingStream } from './arrival.ts';
import { KIND, encodeOpening } from './opening.ts';
import type { Service } from './peer.ts';

/** A byte stream to one destination on the far side. */
export interface TunnelStream extends FlowBytes {
  /** Bytes may be written before; they are delivered once the far dial has succeeded.  Never rejects. */
  readonly opened: Promise<DialOutcome>;
}

/** The same where the destination is to be dialled. */
export interface WantedStream extends PendingStream {
  readonly host: string;
  readonly port: number;
}

export function connectTcp(mux: Mux, host: string, port: number): TunnelStream {
  const { stream, opened } = mux.openStream(encodeOpening(KIND.tcp, port, host));
  return Object.assign(stream, { opened });
}

export function serveTcp(dial: (flow: WantedStream) => void): Service {
  return (arrival) => {
    const { port, text: host } = arrival;
    dial(Object.assign(arrival.stream(), { host, port }));
  };
}
