/**
 * The way to the API server: one connection at a time, ready to speak HTTP on.  Everything that talks to the server
 * (REST, watches, port-forwards) comes through here, so that addresses, proxies, certificates, credentials and deadlines
 * are the same for all of them.
 */
import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { MirrordError } from '../../errors.ts';
import type { Credentials } from '../credentials/credentials.ts';
import { reasonOf } from '../kubeconfig/file.ts';
import type { Identity } from '../credentials/identity.ts';
import type { Endpoint, Proxy } from './address.ts';
import { explainConnectFailure } from './explain.ts';
import { ServerNames } from './names.ts';
import { proxyAway, throughProxy } from './proxy.ts';

/** TCP, proxy and TLS handshakes together; the opening of a session promises an answer within 15 s. */
const CONNECT_DEADLINE_MS = 10_000;

/** Of several addresses, how long one may keep the others waiting; Node's 250 ms fail on a slow satellite or mobile link. */
const ATTEMPT_MS = 1_000;
/** Keeps idle watches alive through NAT and load balancers, which forget after minutes, and finds dead paths. */
const KEEPALIVE_MS = 30_000;

export interface Trust {
  readonly ca?: Buffer;
  /** `tls-server-name`. */
  readonly serverName?: string;
  readonly verify: boolean;
}

export class Server {
  readonly endpoint: Endpoint;
  readonly names: ServerNames;
  readonly #proxy: Proxy | null;
  readonly #trust: Trust;
  readonly #credentials: Credentials;
  #certified: readonly string[] = [];

  constructor(
    endpoint: Endpoint,
    proxy: Proxy | null,
    trust: Trust,
    credentials: Credentials,
    names = new ServerNames(),
  ) {
    this.names = names;
    this.endpoint = endpoint;
    this.#proxy = proxy;
    this.#trust = trust;
    this.#credentials = credentials;
  }

  identity(signal: AbortSignal): Promise<Identity> {
    return this.#credentials.current(signal);
  }

  /** Host names in the certificate that the server has shown; none where it was not verified. */
  get certifiedNames(): readonly string[] {
    return this.#certified;
  }

  /** The server answered 401.  True when another try may fare better. */
  refused(): boolean {
    return this.#credentials.refused();
  }

  /** Resolves what a connection goes to first: the proxy, else the server.  All its addresses must stay reachable. */
  async resolve(signal: AbortSignal): Promise<void> {
    try {
      await this.names.resolve((this.#proxy ?? this.endpoint).host, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#explained(error);
    }
  }

  /** A connected (and, for https, verified) socket with this identity; rejects with a `MirrordError`. */
  async connect(identity: Identity, signal: AbortSignal): Promise<Socket> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_DEADLINE_MS)]);
    try {
      const host = (this.#proxy ?? this.endpoint).host;
      const known = await this.names.resolve(host, bounded);
      try {
        return await this.#connectTo(known, identity, bounded);
      } catch (error) {
        if (net.isIP(host) !== 0 || signal.aborted) throw error;
        if (bounded.aborted) {
          // Silence: the name may have moved, which the next try should know.  That one tells when there is no answer.
          this.names.refresh(host, new AbortController().signal).catch(() => {});
          throw error;
        }
        // Refused or unreachable at once: there is time to look where the name is now.
        const now = isNetworkFailure(error) ? await this.names.refresh(host, bounded).catch(() => known) : known;
        if (now.every((address) => known.includes(address))) throw error;
        return await this.#connectTo(now, identity, bounded);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw this.#explained(error);
    }
  }

  async #connectTo(addresses: readonly string[], identity: Identity, signal: AbortSignal): Promise<Socket> {
    const proxy = this.#proxy;
    const first = proxy ?? this.endpoint;
    const security = this.endpoint.secure ? this.#security(identity) : null;
    const plain = await connectTcp(first.host, first.port, addresses, signal);
    if (proxy === null) return security === null ? plain : this.#secure(plain, security, signal);
    const hop = proxy.kind === 'https' ? await secure(plain, this.#securityOf(proxy), signal) : plain;
    const tunnel = await throughProxy(proxy, hop, this.endpoint, signal);
    try {
      return security === null ? tunnel : await this.#secure(tunnel, security, signal);
    } catch (error) {
      throw explainConnectFailure(error, this.title);
    }
  }

  /** The end of the way, behind every proxy. */
  async #secure(socket: Socket, security: tls.ConnectionOptions, signal: AbortSignal): Promise<Socket> {
    const secured = await secure(socket, security, signal);
    if (secured.authorized) this.#certified = hostsOf(secured.getPeerCertificate().subjectaltname ?? '');
    return secured;
  }

  #security(identity: Identity): tls.ConnectionOptions {
    const { ca, serverName, verify } = this.#trust;
    return {
      ...named(serverName ?? this.endpoint.host),
      rejectUnauthorized: verify,
      ALPNProtocols: ['http/1.1'],
      secureContext: contextOf(ca ?? systemAuthorities(), identity),
    };
  }

  /** The kubeconfig's authority may have signed the proxy's certificate, too; kubectl takes no other for it. */
  #securityOf(proxy: Proxy): tls.ConnectionOptions {
    const { ca } = this.#trust;
    return { ...named(proxy.host), ca: [...systemAuthorities(), ...(ca === undefined ? [] : [ca])] };
  }

  /** How the server is called in messages. */
  get title(): string {
    const { url, host } = this.endpoint;
    if (this.#proxy !== null) return `the API server ${url} (through the proxy ${this.#proxy.url})`;
    const at = this.names.all().filter((address) => address !== host);
    return `the API server ${url}${at.length > 0 ? ` (${at.join(', ')})` : ''}`;
  }

  /** Beyond the proxy, errors have been explained where they came up: the others are about the first hop. */
  #explained(error: unknown): MirrordError {
    if (error instanceof MirrordError) return error;
    return this.#proxy === null ? explainConnectFailure(error, this.title) : proxyAway(this.#proxy, error);
  }
}

function contextOf(ca: Buffer | string[], { cert, key }: Identity): tls.SecureContext {
  try {
    return tls.createSecureContext({ ca, ...(cert === undefined ? {} : { cert, key: key! }) });
  } catch (error) {
    const text = `the client certificate or its key cannot be used: ${reasonOf(error)}`;
    throw new MirrordError('usage', 'credentials-unreadable', text, {
      help: 'Both must be PEM and belong together, and the key must have no passphrase: download the kubeconfig again.',
      cause: error,
    });
  }
}

let authorities: readonly string[] | undefined;

/** Whom the machine trusts (an organisation's own authority among them), beside Node's list: what kubectl goes by. */
function systemAuthorities(): string[] {
  authorities ??= [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])];
  return [...authorities];
}

/** An address is not an SNI name (RFC 6066 section 3), but is what the certificate is checked against. */
function named(host: string): tls.ConnectionOptions {
  return { host, servername: net.isIP(host) === 0 ? host : '' };
}

function isNetworkFailure(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code !== undefined && /^E(CONN|HOST|NET|TIMEDOUT|ADDR|PIPE)/.test(code);
}

function connectTcp(host: string, port: number, addresses: readonly string[], signal: AbortSignal): Promise<Socket> {
  const found = addresses.map((address) => ({ address, family: net.isIP(address) }));
  const socket = net.connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_MS,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    lookup: (_host, _options, callback) => callback(null, found),
  });
  return settled(socket, 'connect', signal);
}

/** `DNS:kubernetes, DNS:kubernetes.default, IP Address:10.96.0.1`; Node puts unusual names in quotes, which no host has. */
function hostsOf(alternativeNames: string): readonly string[] {
  if (alternativeNames.includes('"')) return [];
  return alternativeNames.split(', ').flatMap((name) => (name.startsWith('DNS:') ? [name.slice('DNS:'.length)] : []));
}

function secure(socket: Socket, options: tls.ConnectionOptions, signal: AbortSignal): Promise<tls.TLSSocket> {
  return settled(tls.connect({ ...options, socket }), 'secureConnect', signal);
}

/** The socket once `event` came; destroyed when an error or the signal came first. */
function settled<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown): void => {
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners(event);
      socket.off('error', done);
      socket.off('close', closed);
      if (error === null) return resolve(socket);
      // The socket may still report what follows from being destroyed; the first reason is the one that is told.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const abort = (): void => done(signal.reason);
    const closed = (): void => done(Object.assign(new Error('connection closed'), { code: 'ECONNRESET' }));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.once(event, () => done(null));
    socket.once('error', done);
    socket.once('close', closed);
  });
}
