/**
 * A DNS server that answers every A question with one fixed address, over UDP and TCP.
 *
 * `node dns-server.ts ADDRESS PORT ANSWER [SOURCE-PORT UPSTREAM]`: says `listening`, then one line per question.  With the
 * last two, it first asks the upstream from that port, and answers what it got.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import packet from 'dns-packet';

const OPCODE = 0x7800;
const [address = '', port = '', answer = '', sourcePort, upstream] = process.argv.slice(2);
const type = address.includes(':') ? 'udp6' : 'udp4';

async function reply(message: Buffer, transport: string): Promise<Buffer> {
  const query = packet.decode(message);
  const question = query.questions?.[0];
  console.log(`${transport} ${question?.type} ${question?.name}`);
  if (upstream !== undefined) return relay(message, upstream, Number(sourcePort));
  return packet.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: ((query.flags ?? 0) & OPCODE) | packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE,
    questions: query.questions ?? [],
    answers: question?.type === 'A' ? [{ type: 'A', name: question.name, ttl: 5, data: answer }] : [],
  });
}

function relay(message: Buffer, server: string, from: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.on('message', (data) => {
      socket.close();
      resolve(data);
    });
    socket.bind(from, () => socket.send(message, 53, server));
  });
}

const socket = createSocket(type);
socket.on('message', (message, from) => {
  void reply(message, 'udp').then((bytes) => socket.send(bytes, from.port, from.address));
});
socket.bind(Number(port), address, () => {
  const server = createServer((stream) => {
    stream.on('error', () => stream.destroy());
    stream.once('data', (bytes) => {
      void reply(bytes.subarray(2), 'tcp').then((answered) => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answered.length);
        stream.end(Buffer.concat([length, answered]));
      });
    });
  });
  server.listen(Number(port), address, () => console.log('listening'));
});
