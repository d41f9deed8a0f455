/** One UDP flow: a connected socket, so that the kernel reports ICMP errors and foreign datagrams stay out. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { toErrno } from '../tunnel/errno.ts';
import type { IncomingDatagrams } from '../tunnel/service.ts';
import { UDP_IDLE_MS, UDP_PENDING_LIMIT, UDP_RECEIVE_BUFFER } from './limits.ts';

/** `over` is called once, when the socket is gone. */
export function dialUdp(flow: IncomingDatagrams, over: () => void): void {
  const family = isIP(flow.host);
  if (family !== 0) return open(flow, flow.host, family, over);
  let closed = false;
  flow.onClosed = () => {
    closed = true;
  };
  lookup(flow.host, (error, address, found) => {
    if (closed) return over();
    if (error === null) return open(flow, address, found, over);
    flow.refuse(toErrno(error));
    over();
  });
}

function open(flow: IncomingDatagrams, address: string, family: number, over: () => void): void {
  const socket: Socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    recvBufferSize: UDP_RECEIVE_BUFFER,
  });
  const pending: Uint8Array[] = [];
  let connected = false;
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    clearTimeout(idle);
    socket.close();
  };
  const fail = (error: Error): void => {
    if (closed) return;
    // Too long for the path, or a full queue, loses the one datagram, as everywhere; the flow lives.
    if (connected && 'code' in error && (error.code === 'EMSGSIZE' || error.code === 'ENOBUFS')) return;
    if (connected) flow.fail(toErrno(error));
    else flow.refuse(toErrno(error));
    close();
  };
  const idle = setTimeout(() => {
    flow.close();
    close();
  }, UDP_IDLE_MS);
  const sent = (error: Error | null): void => {
    if (error !== null) fail(error);
  };

  socket.on('close', over);
  socket.on('error', fail);
  socket.on('message', (message) => {
    idle.refresh();
    flow.send(message);
  });
  socket.on('connect', () => {
    connected = true;
    flow.accept();
    for (const payload of pending) socket.send(payload, sent);
    pending.length = 0;
  });
  flow.onDatagram = (payload) => {
    if (closed) return;
    idle.refresh();
    const copied = Buffer.from(payload);
    if (connected) socket.send(copied, sent);
    else if (pending.length < UDP_PENDING_LIMIT) pending.push(copied);
  };
  flow.onClosed = close;
  try {
    socket.connect(flow.port, address);
  } catch (error) {
    fail(error instanceof Error ? error : new Error(String(error)));
  }
}
