/** One TCP flow: dials, and carries bytes, FIN and RST both ways with backpressure. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { BLOCK_BYTES, blocks } from '../block-pool.ts';
import { toErrno } from '../mux/errno.ts';
import type { IncomingStream } from '../peer/service.ts';
import {
  DIAL_LIMIT_MS,
  FLOW_QUEUES,
  FLOW_QUEUES_SHARE,
  FLOW_QUEUE_LEAST,
  FLOW_QUEUE_MOST,
  KEEPALIVE_IDLE_MS,
} from './limits.ts';
import { outbox } from './outbox.ts';

/** One read, bytes. */
const READ_BYTES = 128 * 1024;
/** All sockets read into it: libuv reads and calls back in one go. */
const reading = Buffer.allocUnsafeSlow(READ_BYTES);

/** What a dial ends with when the server took the connection and hung up; a SYN that is answered by RST is ECONNREFUSED. */
const HUNG_UP: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

/** Bytes that wait for the tunnel in all flows. */
let waitingInAll = 0;

/** One or few flows have a full queue, many share. */
function queueLimit(): number {
  return Math.max(FLOW_QUEUE_LEAST, Math.min((FLOW_QUEUES - waitingInAll) * FLOW_QUEUES_SHARE, FLOW_QUEUE_MOST));
}

/** `over` is called once, when the socket is gone. */
export function dialTcp(flow: IncomingStream, over: () => void): void {
  const socket: Socket = connect({
    host: flow.host,
    port: flow.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_IDLE_MS,
    onread: { buffer: reading, callback: (length) => received(length) },
  });
  let connected = false;
  /** Bytes that the tunnel has not taken on yet. */
  let waiting = 0;
  let isStopped = false;
  const send = (bytes: Buffer): void => {
    const { length } = bytes;
    const copied = blocks.copy(bytes);
    waiting += length;
    waitingInAll += length;
    const done = (): void => {
      waiting -= length;
      waitingInAll -= length;
      if (!isStopped || waiting > queueLimit()) return;
      isStopped = false;
      socket.resume();
    };
    flow.write(copied, done, () => blocks.release(copied));
  };
  const received = (length: number): boolean => {
    for (let at = 0; at < length; at += BLOCK_BYTES) send(reading.subarray(at, Math.min(at + BLOCK_BYTES, length)));
    isStopped = waiting > queueLimit();
    return !isStopped;
  };

  const deadline = setTimeout(() => {
    flow.refuse('ETIMEDOUT');
    socket.destroy();
  }, DIAL_LIMIT_MS);

  const accept = (): void => {
    clearTimeout(deadline);
    connected = true;
    flow.accept();
  };

  socket.on('connect', accept);
  socket.on('end', () => flow.end());
  socket.on('drain', () => flow.resume());
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (!connected && HUNG_UP.has(error.code)) accept();
    // What came before the reset is the program's: a server may answer and hang up with a request half read.
    if (connected) flow.abort();
    else flow.refuse(toErrno(error));
  });
  socket.on('close', () => {
    clearTimeout(deadline);
    over();
  });

  const deliver = (bytes: Buffer): void => {
    if (!socket.write(bytes, () => blocks.release(bytes))) flow.pause();
  };
  flow.onData = (chunk) => outbox.add(deliver, chunk);
  flow.onEnd = () => {
    outbox.flush();
    socket.end();
  };
  flow.onReset = () => {
    outbox.flush();
    if (!connected) socket.destroy();
    // libuv does not reset a socket whose FIN is on its way out (uv_tcp_close_reset).
    else if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0)
      socket.once('finish', () => socket.resetAndDestroy());
    else socket.resetAndDestroy();
  };
}
