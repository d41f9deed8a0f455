/** Opens a port-forward to one port of a pod. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type WebSocket from 'ws';
import { MirrordError } from '../../errors.ts';
import { reasonOf } from '../kubeconfig/file.ts';
import { credentialsRejected } from '../server/api-error.ts';
import type { Server } from '../server/server.ts';
import { SUBPROTOCOL } from './frames.ts';
import { PortForwardStream } from './stream.ts';

/** Handshake and confirmation, after the connection stands: API server, kubelet and runtime each take milliseconds. */
const OPEN_DEADLINE_MS = 10_000;
/** No message of the far side's is longer than its copy buffer (32 kB); this leaves room and bounds memory. */
const MESSAGE_LIMIT = 4 * 1024 * 1024;

export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** Resolves once the far side confirmed; the pod's own refusal (nothing listens) ends the stream later, with its text. */
export async function dialPod(server: Server, to: PodPort, signal: AbortSignal): Promise<Duplex> {
  const { WebSocket: Client } = await import('ws');
  const { endpoint } = server;
  for (let attempt = 1; ; attempt++) {
    const identity = await server.identity(signal);
    const connection = await server.connect(identity, signal);
    const scheme = endpoint.secure ? 'wss' : 'ws';
    const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
    const path = `${endpoint.path}/api/v1/namespaces/${to.namespace}/pods/${to.pod}/portforward?ports=${to.port}`;
    const socket = new Client(`${scheme}://${host}:${endpoint.port}${path}`, [SUBPROTOCOL], {
      // Handed on to http.request, which takes lists as well (impersonated groups).
      headers: identity.headers as Record<string, string>,
      createConnection: (() => connection) as never,
      perMessageDeflate: false,
      maxPayload: MESSAGE_LIMIT,
      // Masking protects plain HTTP caches from chosen bytes (RFC 6455 section 10.3); inside TLS nobody else sees them,
      // and `ws` skips its loop over every byte for a mask of zeros.
      ...(endpoint.secure ? { generateMask: (mask: Buffer) => void mask.fill(0) } : {}),
    });
    try {
      return await opened(socket, to.port, connection, signal);
    } catch (error) {
      socket.on('error', () => {
        // Told already: terminate() reports that the handshake was cut short.
      });
      socket.terminate();
      connection.destroy();
      signal.throwIfAborted();
      if (error instanceof Refused && error.status === 401 && attempt === 1 && server.refused()) continue;
      throw explained(error, to);
    }
  }
}

/** The handshake was answered with something else than a WebSocket. */
class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function opened(socket: WebSocket, port: number, connection: Socket, signal: AbortSignal): Promise<Duplex> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(OPEN_DEADLINE_MS)]);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      bounded.removeEventListener('abort', abort);
      reject(error);
    };
    const abort = (): void => fail(bounded.reason);
    bounded.addEventListener('abort', abort, { once: true });
    if (bounded.aborted) return abort();
    socket.once('error', fail);
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      void refusal(response).then(fail, fail);
    });
    socket.once('open', () => {
      socket.off('error', fail);
      const stream = new PortForwardStream(socket, port, () => {
        bounded.removeEventListener('abort', abort);
        stream.off('error', fail).off('close', closed);
        resolve(stream);
      });
      const closed = (): void => fail(new Error('closed before it was confirmed'));
      stream.once('error', fail).once('close', closed);
      // Flowing from the start so that the confirmation comes in; data stays in the stream until somebody reads.
      stream.read(0);
    });
    connection.once('close', () => fail(new Error('the connection was cut')));
  });
}

async function refusal(response: IncomingMessage): Promise<Refused> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    text += chunk;
    if (text.length > 8192) break;
  }
  let message = text.trim().slice(0, 300);
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? message;
  } catch {
    // No Status object: a proxy's page, of which the beginning is shown.
  }
  return new Refused(response.statusCode ?? 0, message);
}

function explained(error: unknown, to: PodPort): MirrordError {
  if (error instanceof MirrordError) return error;
  const title = `port-forward to pod ${to.namespace}/${to.pod}`;
  if (error instanceof Refused) {
    if (error.status === 404) {
      return new MirrordError('agent', 'agent-gone', `${title}: ${error.message}`, { cause: error });
    }
    if (error.status === 401) return credentialsRejected('the API server', error.message, error);
    if (error.status === 403) {
      return new MirrordError('cluster', 'port-forward-forbidden', `${title} is not allowed: ${error.message}`, {
        help: 'pods/portforward needs the verbs get and create: see docs/rbac.yaml.',
        cause: error,
      });
    }
    const said = `${title} was refused: HTTP ${error.status} ${error.message}`;
    return new MirrordError('cluster', 'port-forward-refused', said, {
      help: 'A proxy or load balancer on the way must let WebSockets through.',
      cause: error,
    });
  }
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  const reason = isLate ? `no answer within ${OPEN_DEADLINE_MS / 1000} s` : reasonOf(error);
  return new MirrordError('cluster', 'port-forward-failed', `${title} failed: ${reason}`, { cause: error });
}
