/** A DNS server on a loopback address, UDP and TCP on one port, whose answers the test chooses. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { frame, FrameReader } from '../../../src/dns/framing.ts';
import { asked } from '../../unit/support/dns.ts';

export interface Received {
  readonly transport: 'udp' | 'tcp';
  readonly question: string;
  readonly id: number;
  /** The client's source port. */
  readonly from: number;
}

export interface DnsServer {
  readonly port: number;
  readonly received: Received[];
  close(): Promise<void>;
}

/** null: silence.  `reply` sends anything at any time, also what is not an answer. */
export type Handler = (
  message: Buffer,
  transport: 'udp' | 'tcp',
  reply: (bytes: Uint8Array) => void,
) => Uint8Array | null | Promise<Uint8Array | null>;

/** Listens on `port` (0: any) of `host`. */
export async function startDnsServer(handler: Handler, host = '127.0.0.1', port = 0): Promise<DnsServer> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const note = (transport: 'udp' | 'tcp', message: Buffer, from: number) =>
    received.push({ transport, question: asked(message), id: message.readUInt16BE(0), from });

  const tcp = createServer({ allowHalfOpen: true }, (socket) => {
    const reader = new FrameReader();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const message of reader.push(chunk)) {
        const question = Buffer.from(message);
        note('tcp', question, socket.remotePort ?? 0);
        const reply = (bytes: Uint8Array) => void socket.write(frame(bytes));
        void answer(question, 'tcp', reply);
      }
    });
  });
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const answer = async (question: Buffer, transport: 'udp' | 'tcp', reply: (bytes: Uint8Array) => void) => {
    const bytes = await handler(question, transport, reply);
    if (bytes !== null) reply(bytes);
  };
  udp.on('message', (message, from: RemoteInfo) => {
    note('udp', message, from.port);
    void answer(message, 'udp', (bytes) => udp.send(bytes, from.port, from.address, () => undefined));
  });

  const bound = await new Promise<number>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(port, host, () => {
      const address = tcp.address();
      resolve(address === null || typeof address === 'string' ? 0 : address.port);
    });
  });
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(bound, host, resolve);
  });
  return {
    port: bound,
    received,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise((resolve) => tcp.close(resolve)),
        new Promise<void>((resolve) => udp.close(resolve)),
      ]);
    },
  };
}
