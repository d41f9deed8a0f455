/**
 * Servers that say on which side they are: `witness.ts SIDE PORTS ADDRESS...`, for TCP (a word for each line) and UDP.
 * Takes the addresses on its loopback interface, prints `ready`, and lives until it is killed.
 */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';

const [side = '', ports = '', ...addresses] = process.argv.slice(2);
const lines = addresses.map((address) =>
  isIPv6(address) ? `addr replace ${address}/128 dev lo nodad` : `addr replace ${address}/32 dev lo`,
);
execFileSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });

for (const address of addresses) {
  for (const port of ports.split(',').map(Number)) {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy()).on('data', () => socket.write(side));
    });
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.on('message', (_, peer) => socket.send(side, peer.port, peer.address));
    const both = [once(server, 'listening'), once(socket, 'listening')];
    server.listen(port, address);
    socket.bind(port, address);
    await Promise.all(both);
  }
}
console.log('ready');
