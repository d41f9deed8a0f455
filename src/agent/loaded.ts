/** From the loader (loader.ts) to the agent: what the code finds when it is run by it. */
import type { Server, Socket } from 'node:net';

export interface Loader {
  /** Listens on loopback. */
  readonly server: Server;
  /** Brought the code. */
  readonly socket: Socket;
  /** All connections, that one and some that have ended included. */
  readonly held: readonly Socket[];
  /** Ends a loader without code. */
  readonly late: NodeJS.Timeout;
}

/** The parameter of the function that the loader makes of the code. */
declare const loader: Loader | undefined;

/**
 * The loader's server, now ours alone, and the connection on which the hello is to follow; null when this program was
 * started by itself.
 */
export function takeOver(): Pick<Loader, 'server' | 'socket'> | null {
  if (typeof loader === 'undefined') return null;
  const { server, socket, held, late } = loader;
  clearTimeout(late);
  process.removeAllListeners('SIGTERM');
  server.removeAllListeners('connection');
  socket.removeAllListeners('data');
  for (const other of held) if (other !== socket) other.destroy();
  return { server, socket };
}
