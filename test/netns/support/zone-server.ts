/**
 * A DNS server that knows what it is told, and says NXDOMAIN to all else.
 *
 * `node zone-server.ts ADDRESS ZONE [LATE SUFFIX]`: ZONE is JSON, name to IPv4 address; answers to names below SUFFIX come LATE ms
 * later, or never when that is `never`.  Says `listening`.
 */
import { createSocket } from 'node:dgram';
import packet from 'dns-packet';

const NXDOMAIN = 3;
const [address = '', json = '{}', late = '', suffix = ''] = process.argv.slice(2);
const zone = JSON.parse(json) as Readonly<Record<string, string>>;

function reply(query: packet.Packet): Buffer {
  const question = query.questions?.[0];
  const data = zone[question?.name.toLowerCase() ?? ''];
  return packet.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | (data === undefined ? NXDOMAIN : 0),
    questions: query.questions ?? [],
    answers: question?.type === 'A' && data !== undefined ? [{ type: 'A', name: question.name, ttl: 1, data }] : [],
  });
}

const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.on('message', (message, from) => {
  const query = packet.decode(message);
  const send = (): void => socket.send(reply(query), from.port, from.address);
  const isLate = late !== '' && (query.questions?.[0]?.name ?? '').toLowerCase().endsWith(suffix);
  if (!isLate) send();
  else if (late !== 'never') setTimeout(send, Number(late));
});
socket.bind(53, address, () => console.log('listening'));
