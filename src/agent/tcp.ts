/** One TCP flow: dials, and carries bytes, FIN and RST both ways with backpressure. */
import { connect } from 'node:net';
import { toErrno } from '../tunnel/errno.ts';
import type { IncomingStream } from '../tunnel/service.ts';
import { DIAL_LIMIT_MS, FLOW_QUEUE_LIMIT } from './limits.ts';

/** `over` is called once, when the socket is gone. */
export function dialTcp(flow: IncomingStream, over: () => void): void {
  const socket = connect({ host: flow.host, port: flow.port, allowHalfOpen: true, noDelay: true });
  let connected = false;
  /** Bytes that the tunnel has not taken on yet. */
  let waiting = 0;

  const deadline = setTimeout(() => {
    flow.refuse('ETIMEDOUT');
    socket.destroy();
  }, DIAL_LIMIT_MS);

  socket.on('connect', () => {
    clearTimeout(deadline);
    connected = true;
    flow.accept();
  });
  socket.on('data', (chunk) => {
    const { length } = chunk;
    waiting += length;
    if (waiting > FLOW_QUEUE_LIMIT) socket.pause();
    flow.write(chunk, () => {
      waiting -= length;
      if (waiting <= FLOW_QUEUE_LIMIT && socket.isPaused()) socket.resume();
    });
  });
  socket.on('end', () => flow.end());
  socket.on('drain', () => flow.resume());
  socket.on('error', (error) => {
    if (connected) flow.reset();
    else flow.refuse(toErrno(error));
  });
  socket.on('close', () => {
    clearTimeout(deadline);
    over();
  });

  flow.onData = (chunk) => {
    if (!socket.write(chunk)) flow.pause();
  };
  flow.onEnd = () => socket.end();
  flow.onReset = () => {
    if (!connected) socket.destroy();
    // libuv does not reset a socket whose FIN is on its way out (uv_tcp_close_reset).
    else if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0)
      socket.once('finish', () => socket.resetAndDestroy());
    else socket.resetAndDestroy();
  };
}
