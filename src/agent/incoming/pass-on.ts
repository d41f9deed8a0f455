/** Hands a connection on to the original, as if its client had reached it: the very address that the client dialled. */
import { type Socket, connect } from 'node:net';
import { resetSocket } from '../../relay/socket-relay.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** `first`: what the client has said already.  `over` is called when both sockets are gone. */
export function passOn(client: Socket, first: Buffer, original: Place, over: () => void): void {
  const server = connect({ ...original, allowHalfOpen: true, noDelay: true });
  let open = client.destroyed ? 1 : 2;
  const closed = (): void => {
    open--;
    if (open === 0) over();
  };
  // A port without a listener only looked open.
  server.on('error', () => resetSocket(client)).on('close', closed);
  client.on('error', () => resetSocket(server)).on('close', closed);
  if (client.destroyed) resetSocket(server);
  if (first.length > 0) server.write(first);
  server.pipe(client);
  client.pipe(server);
}

/** Where a redirected connection was going: the port alone was changed. */
export function originalOf({ localAddress = '' }: Socket, port: number): Place {
  return { host: localAddress.replace(/^::ffff:/, ''), port };
}
