/** Carries bytes, FIN and RST between a TCP socket and a flow of the tunnel, both ways with backpressure. */
import type { Socket } from 'node:net';
import { BLOCK_BYTES, blocks } from '../block-pool.ts';
import type { FlowBytes } from '../mux/flow.ts';
import { FLOW_QUEUES, FLOW_QUEUES_SHARE, FLOW_QUEUE_LEAST, FLOW_QUEUE_MOST } from './limits.ts';
import { outbox } from './outbox.ts';

/** Bytes that wait for the tunnel in all flows. */
let waitingInAll = 0;

/** One or few flows have a full queue, many share. */
function queueLimit(): number {
  return Math.max(FLOW_QUEUE_LEAST, Math.min((FLOW_QUEUES - waitingInAll) * FLOW_QUEUES_SHARE, FLOW_QUEUE_MOST));
}

/**
 * From the flow to the socket as soon as it is made.  From the socket to the flow what its owner hands to `send` and `end`:
 * how a socket is read depends on where it comes from.
 */
export class SocketRelay {
  readonly #socket: Socket;
  readonly #flow: FlowBytes;
  /** Bytes that the tunnel has not taken on yet. */
  #waiting = 0;
  #isStopped = false;
  #hasDelivered = false;

  constructor(socket: Socket, flow: FlowBytes) {
    this.#socket = socket;
    this.#flow = flow;
    const deliver = (bytes: Buffer): void => {
      if (!socket.write(bytes, () => blocks.release(bytes))) flow.pause();
    };
    flow.onData = (chunk) => {
      this.#hasDelivered = true;
      outbox.add(deliver, chunk);
    };
    flow.onEnd = () => {
      outbox.flush();
      socket.end();
    };
    flow.onReset = () => {
      outbox.flush();
      resetSocket(socket);
    };
    socket.on('drain', this.#drained);
  }

  /** Something has gone to the socket. */
  get hasDelivered(): boolean {
    return this.#hasDelivered;
  }

  /** Copies `bytes`; false: the socket is not to be read until it is resumed from here. */
  send(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES)
      this.#send(bytes.subarray(at, Math.min(at + BLOCK_BYTES, bytes.length)));
    this.#isStopped = this.#waiting > queueLimit();
    return !this.#isStopped;
  }

  /** The socket is another's from here on; the flow has ended, or is to be reset. */
  release(): void {
    outbox.flush();
    this.#socket.off('drain', this.#drained);
  }

  readonly #drained = (): void => this.#flow.resume();

  #send(bytes: Buffer): void {
    const { length } = bytes;
    const copied = blocks.copy(bytes);
    this.#waiting += length;
    waitingInAll += length;
    const done = (): void => {
      this.#waiting -= length;
      waitingInAll -= length;
      if (!this.#isStopped || this.#waiting > queueLimit()) return;
      this.#isStopped = false;
      this.#socket.resume();
    };
    this.#flow.write(copied, done, () => blocks.release(copied));
  }
}

/** RST, whatever state the socket is in. */
export function resetSocket(socket: Socket): void {
  if (socket.connecting) socket.destroy();
  // libuv does not reset a socket whose FIN is on its way out (uv_tcp_close_reset).
  else if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0)
    socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
