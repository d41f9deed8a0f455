/** The states of one connection (RFC 9293 section 3.3.2), and how the ends of its two directions change them. */
export type TcpState =
  /** The SYN waits for the dial's outcome. */
  | 'held'
  /** The dial timed out: this SYN stays unanswered, however often it comes. */
  | 'silent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'close-wait'
  | 'closing'
  | 'last-ack'
  | 'time-wait'
  | 'closed';

/** The SYN has not been answered: before RFC 9293's SYN-RECEIVED. */
export function isDialing(state: TcpState): boolean {
  return state === 'held' || state === 'silent';
}

/** The program may still send data. */
export function isReceiving(state: TcpState): boolean {
  return state === 'established' || state === 'fin-wait-1' || state === 'fin-wait-2';
}

/** Nothing is handed to anyone any more. */
export function isOver(state: TcpState): boolean {
  return state === 'closed' || state === 'time-wait';
}

export function whenFinSent(state: TcpState): TcpState {
  if (state === 'established') return 'fin-wait-1';
  return state === 'close-wait' ? 'last-ack' : state;
}

/** `fin-wait-2` stays for the moment: the handler is told before time-wait begins. */
export function whenFinReceived(state: TcpState): TcpState {
  if (state === 'established') return 'close-wait';
  return state === 'fin-wait-1' ? 'closing' : state;
}
