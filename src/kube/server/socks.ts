/** SOCKS 5 (RFC 1928), imported by those who have such a proxy. */
import type { Socket } from 'node:net';
import { SocksClient } from 'socks';
import type { Endpoint, Proxy } from './address.ts';
import { defined } from '../../defined.ts';

/** Asks the proxy behind `socket` for a way to `endpoint`.  It knows no signals: what it waits for ends with the socket. */
export async function throughSocks(proxy: Proxy, socket: Socket, endpoint: Endpoint): Promise<Socket> {
  const { socket: tunnel } = await SocksClient.createConnection({
    command: 'connect',
    existing_socket: socket,
    proxy: {
      host: proxy.host,
      port: proxy.port,
      type: 5,
      ...defined({ userId: proxy.user, password: proxy.password }),
    },
    destination: { host: endpoint.host, port: endpoint.port },
  });
  return tunnel;
}
