/** The small servers behind the catalog's services: each is what a test or the demo needs to see of real protocols. */
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, isIPv6 } from 'node:net';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { patternBlocks } from './pattern.ts';
import type { Protocol } from '../catalog.ts';

/** The server answers only after this, when the client has long closed its side. */
const LATE_ANSWER_MS = 200;

const connectionHandlers = {
  'tcp-echo': (socket: Socket) => void socket.pipe(socket),

  /** Speaks first, as databases and mail servers do, then echoes. */
  greeting(socket: Socket): void {
    socket.write('+READY mirrord sandbox\r\n');
    socket.pipe(socket);
  },

  /** Reads to the end, then answers late with the count and the SHA-256 of what it got. */
  async digest(socket: Socket): Promise<void> {
    const hash = createHash('sha256');
    let count = 0;
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      count += chunk.length;
    }
    await delay(LATE_ANSWER_MS);
    socket.end(`${count} ${hash.digest('hex')}\n`);
  },

  /** The client names a number of bytes in a line, and gets that many. */
  source(socket: Socket): void {
    socket.once('data', (line: Buffer) => void Readable.from(patternBlocks(Number(line.toString()))).pipe(socket));
  },
};

/** Resolves when the service listens on that very address. */
export async function serve(protocol: Protocol, name: string, address: string, port: number): Promise<void> {
  if (protocol === 'udp-echo') {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 });
    socket.on('message', (message, peer) => socket.send(message, peer.port, peer.address));
    socket.bind(port, address);
    await once(socket, 'listening');
    return;
  }
  const server =
    protocol === 'http'
      ? createHttpServer((request, response) =>
          response.end(`${name} at ${address}: ${request.method} ${request.url}\n`),
        )
      : createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
          // A client that goes away in the middle is no concern of the service.
          socket.on('error', () => socket.destroy());
          void connectionHandlers[protocol](socket);
        });
  server.listen(port, address, 1024);
  await once(server, 'listening');
}
