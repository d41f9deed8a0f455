/** A network namespace (or a process's) as the remote: the host starts the agent there, a unix socket carries it. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { MirrordError } from '../../errors.ts';
import type { HostOperations } from '../../ipc/protocol.ts';
import type { NetworkTargetFacts } from '../../machine/facts.ts';
import { peerUser } from '../../native/peer-user.ts';
import type { AgentStarter } from '../agents/starter.ts';
import type { Remote } from './remote.ts';

export function openNamespace(target: string, facts: NetworkTargetFacts, folder: string, host: HostOperations): Remote {
  let generation = 0;

  const source = (ask: HostOperations['startAgent']): AgentStarter => ({
    async start(publicKey) {
      // A path of its own for each agent: one that is about to die cannot be mistaken for its successor.
      const socketPath = join(folder, `agent-${++generation}.sock`);
      await ask(publicKey, socketPath);
      return {
        kind: 'process',
        name: target,
        node: '',
        image: '',
        dial: (signal) => dialSocket(socketPath, signal),
        stop: () => rm(socketPath, { force: true }),
      };
    },
  });

  return {
    target,
    cluster: null,
    transport: 'unix-socket',
    warnings: [],
    agents: source((...args) => host.startAgent(...args)),
    incomingAgents: source((...args) => host.startIncomingAgent(...args)),
    ownAddresses: () => [],
    ownNames: () => [],
    isLoggingIn: () => false,
    onOwnAddresses: () => undefined, // a unix socket has no address
    discover: () => Promise.resolve(surroundings(facts)),
    declaredTarget: () => Promise.resolve(null),
    exampleService: () => Promise.resolve(null), // a namespace does not list what listens in it
    declaredPorts: () => null,
    watch: () => undefined, // a namespace's ranges are read once, when the session starts
    close: () => undefined, // nothing is held open here; the agent ends with the host's pipe
  };
}

function surroundings(facts: NetworkTargetFacts) {
  return { ranges: facts.ranges, namespaces: [], allNamespaces: false, domains: null, notes: [] };
}

/** One read of the transport, bytes: what a unix socket holds at most (net.core.wmem_default), and a little more. */
const READ_BYTES = 256 * 1024;

/** `user`: whom the agent runs as, by number; by default as this process does. */
export async function dialSocket(path: string, signal: AbortSignal, user = process.geteuid?.()): Promise<Duplex> {
  const socket: Socket = connect({
    path,
    // All reads go into the same memory: the tunnel looks at a chunk during the event only (see `Dial`).
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (length, buffer) => socket.emit('data', buffer.subarray(0, length)),
    },
  });
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    // Nothing listens at a path of its own any more: the process has ended, and no redial will bring it back.
    throw new MirrordError('agent', 'agent-gone', 'The agent in the target namespace has ended.', { cause: error });
  }
  if (peerUser(socket) === user) return socket;
  socket.destroy();
  throw new MirrordError('agent', 'agent-foreign-socket', `What listens at ${path} is not the agent.`, {
    help: 'Another program listens there. Start again with: sudo mirrord up',
  });
}
