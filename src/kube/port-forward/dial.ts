/** Opens a port-forward to one port of a pod. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { MirrordError } from '../../errors.ts';
import { reasonOf } from '../kubeconfig/file.ts';
import { credentialsRejected } from '../server/api-error.ts';
import type { Server } from '../server/server.ts';
import { CHANNELS_PROTOCOL } from './channels.ts';
import type { Handshake } from './handshake.ts';
import { SPDY_PROTOCOL } from './spdy.ts';
import { PortForwardStream } from './stream.ts';

/** Handshake and confirmation, after the connection stands: API server, kubelet and runtime each take milliseconds. */
const OPEN_DEADLINE_MS = 10_000;

/** Best first.  An older server passes the handshake on to the node, which knows the last alone. */
const PROTOCOLS: readonly string[] = [SPDY_PROTOCOL, CHANNELS_PROTOCOL];

export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** Servers (or what stands before them) that did not take the better framing to its end; not tried again. */
const legacyOnly = new WeakSet<Server>();

/**
 * Resolves once the far side confirmed; the pod's own refusal (nothing listens) ends the stream later, with its text.
 * `port-forward-no-pod` may be the word of a kubelet that has just started and does not know its pods yet.
 */
export async function dialPod(server: Server, to: PodPort, signal: AbortSignal): Promise<Duplex> {
  const path = `/api/v1/namespaces/${to.namespace}/pods/${to.pod}/portforward?ports=${to.port}`;
  // Imported only now: a command that merely asks the server has no use for a WebSocket.
  const { shakeHands } = await import('./handshake.ts');
  let mayRenew = true;
  // A server in the middle of its start refuses this and that: only what works instead is proof.
  let legacy = legacyOnly.has(server);
  for (;;) {
    const identity = await server.identity(signal);
    const connection = await server.connect(identity, signal);
    const protocols = legacy ? [CHANNELS_PROTOCOL] : PROTOCOLS;
    const handshake = shakeHands(connection, { endpoint: server.endpoint, path, identity, protocols });
    try {
      const stream = await opened(handshake, to.port, connection, signal);
      if (legacy) legacyOnly.add(server);
      return stream;
    } catch (error) {
      handshake.socket.on('error', () => {
        // Told already: terminate() reports that the handshake was cut short.
      });
      handshake.socket.terminate();
      connection.destroy();
      signal.throwIfAborted();
      if (error instanceof Refused && error.status === 401 && mayRenew && server.refused()) {
        mayRenew = false;
        continue;
      }
      const isDefinite = error instanceof Refused && [401, 403, 404].includes(error.status);
      if (!isDefinite && (error instanceof Refused || isTimeout(error)) && !legacy) {
        legacy = true;
        continue;
      }
      throw explained(error, to);
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** The handshake was answered with something else than a WebSocket. */
class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function opened(handshake: Handshake, port: number, connection: Socket, signal: AbortSignal): Promise<Duplex> {
  const { socket } = handshake;
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
      const framing = handshake.framing(port);
      if (framing === null) return fail(new Error('the server chose a protocol that was not offered'));
      const stream = new PortForwardStream(socket, connection, framing, () => {
        bounded.removeEventListener('abort', abort);
        stream.off('error', fail).off('close', closed);
        resolve(stream);
      });
      const closed = (): void => fail(new Error('it was closed before it was confirmed'));
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
      return new MirrordError('agent', 'port-forward-no-pod', `${title}: ${error.message}`, { cause: error });
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
  const reason = isTimeout(error) ? `no answer within ${OPEN_DEADLINE_MS / 1000} s` : reasonOf(error);
  return new MirrordError('cluster', 'port-forward-failed', `${title} failed: ${reason}`, { cause: error });
}
