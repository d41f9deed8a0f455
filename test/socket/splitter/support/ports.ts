/** A port whose connections are split between two other ports of loopback, as an agent does it. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { compileFilter } from '../../../../src/http-filter/index.ts';
import type { FilterSpec } from '../../../../src/http-filter/index.ts';
import { SocketPipe } from '../../../../src/relay/socket-pipe.ts';
import { splitConnection } from '../../../../src/splitter/index.ts';
import type { FailureEvent, RequestEvent } from '../../../../src/splitter/index.ts';

export interface SplitPort extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly RequestEvent[];
  readonly failures: readonly FailureEvent[];
  /** Connections that are not over. */
  readonly open: number;
}

export const ALICE: FilterSpec = { all_of: [{ header: '^x-user: alice$' }] };

export async function splitPort(mainPort: number, pickedPort: number, filter: FilterSpec = ALICE): Promise<SplitPort> {
  const requests: RequestEvent[] = [];
  const failures: FailureEvent[] = [];
  const compiled = compileFilter(filter);
  let open = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open++;
    sockets.add(socket);
    splitConnection({
      client: new SocketPipe(socket),
      dialMain: () => new SocketPipe(dial(mainPort)),
      dialPicked: async () => {
        const dialled = dial(pickedPort);
        await once(dialled, 'connect');
        return new SocketPipe(dialled);
      },
      filter: compiled,
      fallback: 'error',
      onRequest: (event) => requests.push(event),
      onFailure: (event) => failures.push(event),
      onOver: () => {
        open--;
        sockets.delete(socket);
      },
    });
  });
  return {
    port: await listening(server),
    requests,
    failures,
    get open() {
      return open;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The port that it listens on. */
export async function listening(server: Server): Promise<number> {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function dial(port: number): Socket {
  return connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
}
