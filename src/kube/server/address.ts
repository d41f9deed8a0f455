/** Where the API server is, as the kubeconfig has it, and the proxy in front of it. */
import { MirrordError } from '../../errors.ts';
import { cidrContains, parseAddress, parseCidr } from '../../net/index.ts';
import type { ClusterEntry } from '../kubeconfig/file.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** TLS; false for `http://` (kubectl proxy). */
  readonly secure: boolean;
  /** Prefix of every path, without final slash: clusters behind one gateway (Rancher) have one. */
  readonly path: string;
  readonly url: string;
}

export interface Proxy {
  readonly kind: 'http' | 'https' | 'socks5';
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  /** Without credentials, for messages. */
  readonly url: string;
}

const SERVER_HELP = 'Write it like https://api.example:6443, or download the kubeconfig again.';
const PROXY_PORTS: Readonly<Record<Proxy['kind'], number>> = { http: 80, https: 443, socks5: 1080 };

export function endpointOf(cluster: ClusterEntry): Endpoint {
  const { server } = cluster.fields;
  const where = `kubeconfig ${cluster.file}, line ${cluster.line}: the cluster "${cluster.name}"`;
  if (server === '') {
    throw new MirrordError('usage', 'context-incomplete', `${where} has no server.`, { help: SERVER_HELP });
  }
  const url = URL.parse(server.includes('://') ? server : `https://${server}`);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new MirrordError(
      'usage',
      'kubeconfig-invalid',
      `${where}: server "${server}" is not an http or https address.`,
      {
        help: SERVER_HELP,
      },
    );
  }
  const secure = url.protocol === 'https:';
  return {
    host: bare(url.hostname),
    port: Number(url.port) || (secure ? 443 : 80),
    secure,
    path: url.pathname.replace(/\/+$/, ''),
    url: server,
  };
}

/** The kubeconfig's `proxy-url`, else the environment's, unless NO_PROXY names the server. */
export function proxyOf(
  cluster: ClusterEntry,
  endpoint: Endpoint,
  env: NodeJS.ProcessEnv,
  useEnv: boolean,
): Proxy | null {
  const own = cluster.fields['proxy-url'];
  if (own !== '') return parseProxy(own, `kubeconfig ${cluster.file}, line ${cluster.line}: proxy-url`);
  if (!useEnv) return null;
  const names = endpoint.secure ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy'];
  const name = [...names, 'ALL_PROXY', 'all_proxy'].find((key) => env[key] !== undefined && env[key] !== '');
  if (name === undefined || isExempt(endpoint, env['NO_PROXY'] || env['no_proxy'] || '')) return null;
  return parseProxy(env[name]!, `environment variable ${name}`);
}

function parseProxy(value: string, where: string): Proxy {
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  const scheme = url?.protocol.slice(0, -1).replace(/^socks5?h?$/, 'socks5');
  if (url === null || (scheme !== 'http' && scheme !== 'https' && scheme !== 'socks5')) {
    throw new MirrordError(
      'usage',
      'proxy-invalid',
      `${where}: "${value.replace(/\/\/.*@/, '//')}" is not an http, https or socks5 address.`,
      {
        help: 'Write it like http://proxy.example:3128; kubectl accepts the same forms.',
      },
    );
  }
  return {
    kind: scheme,
    host: bare(url.hostname),
    port: Number(url.port) || PROXY_PORTS[scheme],
    ...(url.username === '' ? {} : { user: unescaped(url.username) }),
    ...(url.password === '' ? {} : { password: unescaped(url.password) }),
    url: `${scheme}://${url.host}`,
  };
}

/** What is not an escape is itself: a password may have a bare percent sign. */
function unescaped(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

/** NO_PROXY as Go reads it: `*`, a host, a domain with or without leading dot, a range; each with optional port. */
function isExempt(endpoint: Endpoint, list: string): boolean {
  const host = endpoint.host.toLowerCase();
  // Loopback is never asked of a proxy (Go's net/http does the same).
  const address = parseAddress(host);
  if (host === 'localhost' || host === '::1' || (address !== null && host.startsWith('127.'))) return true;
  return list.split(/[\s,]+/).some((raw) => {
    const range = address === null ? null : parseCidr(raw);
    if (range !== null) return cidrContains(range, address!);
    const item = raw
      .toLowerCase()
      .replace(`:${endpoint.port}`, '')
      .replace(/^\*?\./, '');
    return item === '*' || (item !== '' && (host === item || host.endsWith(`.${item}`)));
  });
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
