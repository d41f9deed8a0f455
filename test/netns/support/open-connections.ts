/**
 * Programs in the middle of their work: `open-connections.ts JSON` opens what the array names, `[NAME, KIND, ADDRESS,
 * PORT, SOURCE?]`, and says `open` when all of it stands.
 *
 * KIND is `tcp`, `udp` (a connected socket that has been answered once) or `dial` (a connect that nobody answers yet).
 * Nothing is sent from then on.  `[NAME, ERRNO, TIME]` is printed when the kernel ends one, TIME as of `Date.now`.  A
 * line on standard input makes each one that lives ask once more, and print `[NAME, "alive", TIME]` for its answer.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6 } from 'node:net';
import { createInterface } from 'node:readline';
import { defined } from '../../../src/defined.ts';

type Wanted = [name: string, kind: 'tcp' | 'udp' | 'dial', address: string, port: number, source?: string];

const say = (name: string, what = 'end'): void => console.log(JSON.stringify([name, what, Date.now()]));
const wanted = JSON.parse(process.argv[2] ?? '[]') as Wanted[];
const asking: (() => void)[] = [];

async function openTcp([name, kind, host, port, source]: Wanted): Promise<void> {
  const socket = connect({ host, port, ...defined({ localAddress: source }) });
  socket.on('error', (error: NodeJS.ErrnoException) => say(name, error.code));
  socket.on('end', () => say(name));
  socket.on('data', () => say(name, 'alive'));
  asking.push(() => socket.write('?'));
  if (kind === 'tcp') await once(socket, 'connect');
}

async function openUdp([name, , address, port]: Wanted): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('error', (error: NodeJS.ErrnoException) => say(name, error.code));
  socket.connect(port, address);
  await once(socket, 'connect');
  socket.send('?');
  await once(socket, 'message');
  socket.on('message', () => say(name, 'alive'));
  asking.push(() => socket.send('?'));
}

await Promise.all(wanted.map((one) => (one[1] === 'udp' ? openUdp(one) : openTcp(one))));
console.log('open');
for await (const _ of createInterface({ input: process.stdin })) for (const ask of asking) ask();
process.exit();
