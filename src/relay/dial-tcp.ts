/** One TCP flow of the other end: dialled here, and carried. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { toErrno } from '../mux/errno.ts';
import type { WantedStream } from '../peer/tcp.ts';
import { DIAL_LIMIT_MS, KEEPALIVE_IDLE_MS } from './limits.ts';
import { SocketRelay } from './socket-relay.ts';

/** One read, bytes. */
const READ_BYTES = 128 * 1024;
/** All sockets read into it: libuv reads and calls back in one go. */
const reading = Buffer.allocUnsafeSlow(READ_BYTES);

/** What a dial ends with when the server took the connection and hung up; a SYN that is answered by RST is ECONNREFUSED. */
const HUNG_UP: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

/** `over` is called once, when the socket is gone. */
export function dialTcp(flow: WantedStream, over: () => void): void {
  const socket: Socket = connect({
    host: flow.host,
    port: flow.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_IDLE_MS,
    onread: { buffer: reading, callback: (length) => relay.send(reading.subarray(0, length)) },
  });
  const relay = new SocketRelay(socket, flow);
  let connected = false;

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
}
