/** Through a proxy: HTTP CONNECT (RFC 9110 section 9.3.6), plain or over TLS, and SOCKS 5 (RFC 1928). */
import http from 'node:http';
import type { Socket } from 'node:net';
import { MirrordError } from '../../errors.ts';
import { reasonOf } from '../kubeconfig/file.ts';
import type { Endpoint, Proxy } from './address.ts';
import { explainConnectFailure } from './explain.ts';

const HELP = 'Check proxy-url of the kubeconfig, or HTTPS_PROXY and NO_PROXY.';

/** Asks the proxy behind `socket` for a way to `endpoint`.  The proxy resolves the endpoint's name. */
export async function throughProxy(
  proxy: Proxy,
  socket: Socket,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<Socket> {
  try {
    if (proxy.kind !== 'socks5') return await connect(proxy, socket, endpoint, signal);
    const abort = (): void => void socket.destroy();
    signal.addEventListener('abort', abort, { once: true });
    const { throughSocks } = await import('./socks.ts');
    return await throughSocks(proxy, socket, endpoint).finally(() => signal.removeEventListener('abort', abort));
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    const text = `the proxy ${proxy.url} does not connect to ${endpoint.url}: ${reasonOf(error)}`;
    throw new MirrordError('cluster', 'proxy-failed', text, { help: HELP, cause: error });
  }
}

/** The proxy itself could not be reached. */
export function proxyAway(proxy: Proxy, error: unknown): MirrordError {
  const { message } = explainConnectFailure(error, `the proxy ${proxy.url}`);
  return new MirrordError('cluster', 'proxy-failed', message, { help: HELP, cause: error });
}

function connect(proxy: Proxy, socket: Socket, endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const login = `${proxy.user ?? ''}:${proxy.password ?? ''}`;
  const request = http.request({
    method: 'CONNECT',
    path: `${host}:${endpoint.port}`,
    headers: {
      host: `${host}:${endpoint.port}`,
      ...(proxy.user === undefined ? {} : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
    },
    createConnection: () => socket,
    signal,
  });
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => reject(new Error(`it answered ${response.statusCode}`)));
    request.once('connect', (response, tunnel: Socket, head: Buffer) => {
      if (response.statusCode !== 200) {
        return reject(new Error(`it answered ${response.statusCode} ${response.statusMessage}`));
      }
      if (head.length > 0) tunnel.unshift(head);
      resolve(tunnel);
    });
    request.end();
  });
}
