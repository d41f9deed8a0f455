/** `node hop-question.ts SERVER HOP-LIMIT`: asks by UDP for a.example with this hop limit, and prints the answer's address. */
import { createSocket } from 'node:dgram';
import packet from 'dns-packet';

const ANSWER_MS = 2_000;
const [server = '', hopLimit = ''] = process.argv.slice(2);
const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4');
const timer = setTimeout(() => socket.close(), ANSWER_MS);
socket.on('message', (message) => {
  const [answer] = packet.decode(message).answers ?? [];
  if (answer?.type === 'A') console.log(answer.data);
  clearTimeout(timer);
  socket.close();
});
socket.bind(0, () => {
  socket.setTTL(Number(hopLimit));
  const questions = [{ type: 'A' as const, name: 'a.example' }];
  socket.send(packet.encode({ type: 'query', id: 7, flags: packet.RECURSION_DESIRED, questions }), 53, server);
});
