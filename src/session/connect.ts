/** `connect` on the control socket: bytes to a destination that the agent dials; a name is looked up where the agent is. */
import type { Socket } from 'node:net';
import { RawBytes } from '../control/server.ts';
import { MirrordError } from '../errors.ts';
import type { DialErrno } from '../mux/flow.ts';
import type { TunnelStream } from '../peer/tcp.ts';
import type { Tunnel } from '../peer/tunnel.ts';
import { SocketRelay } from '../relay/socket-relay.ts';

/** RFC 1035, 2.3.4, in text form; no spaces, nothing beyond ASCII. */
const HOST = /^[\x21-\x7e]{1,255}$/;

const REASONS: Readonly<Record<DialErrno, string>> = {
  ECONNREFUSED: 'it refuses the connection',
  ECONNRESET: 'the connection was lost',
  EHOSTUNREACH: 'the host does not exist or has no route',
  ENOTFOUND: 'no name server knows it',
  ENETUNREACH: 'there is no route to its network',
  EADDRNOTAVAIL: 'the agent has no room for another connection',
  EACCES: 'a firewall forbids it',
  ETIMEDOUT: 'it does not answer',
};

/** Resolves once the destination has accepted; throws `destination-unreachable` when it does not. */
export async function connectRaw(
  params: unknown,
  tunnel: Pick<Tunnel, 'connect'>,
  signal: AbortSignal,
): Promise<RawBytes> {
  const { host, port } = readDestination(params);
  const stream = tunnel.connect(host, port);
  // What the destination says waits for the asker.  When it resets at once, that is handed out all the same.
  stream.pause();
  const early: Buffer[] = [];
  let isReset = false;
  stream.onData = (chunk) => early.push(Buffer.from(chunk));
  stream.onReset = () => {
    isReset = true;
  };
  signal.addEventListener('abort', () => stream.reset(), { once: true });
  const outcome = await stream.opened;
  if (!outcome.ok) {
    const text = `${host}:${port} cannot be reached from the agent: ${REASONS[outcome.errno]}.`;
    throw new MirrordError('cluster', 'destination-unreachable', text);
  }
  return new RawBytes((socket) => {
    for (const chunk of early) socket.write(chunk);
    if (isReset) socket.destroySoon();
    else carry(socket, stream);
  });
}

function carry(socket: Socket, stream: TunnelStream): void {
  const relay = new SocketRelay(socket, stream);
  // There is no RST on a unix socket.
  stream.onReset = () => {
    relay.release();
    socket.destroySoon();
  };
  socket.on('data', (bytes: Buffer) => {
    if (!relay.send(bytes)) socket.pause();
  });
  socket.on('end', () => stream.end());
  stream.resume();
}

function readDestination(params: unknown): { readonly host: string; readonly port: number } {
  const { host, port } = (typeof params === 'object' && params !== null ? params : {}) as Record<string, unknown>;
  const isPort = typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536;
  if (isPort && typeof host === 'string' && HOST.test(host)) return { host, port };
  throw new MirrordError(
    'usage',
    'control-request-invalid',
    'A connection needs {"host": NAME or ADDRESS, "port": 1 to 65535}.',
  );
}
