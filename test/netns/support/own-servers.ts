/**
 * Servers with an address of this machine's own, for each of ADDRESSES: `own-servers.ts ADDRESSES`.  They send back what
 * comes: by TCP at port 2222, by UDP at 2223 from the socket that was asked, at 2224 from another one that is connected to
 * who has asked.  Prints `ready`, and lives until it is killed.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';

const [, , ...addresses] = process.argv;

const open = (address: string): Socket =>
  createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', reuseAddr: true, ipv6Only: isIPv6(address) });

async function listen(address: string): Promise<void> {
  const tcp = createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket));
  tcp.listen({ port: 2222, host: address, ipv6Only: isIPv6(address) });
  const udp = open(address);
  udp.on('message', (message, peer) => udp.send(message, peer.port, peer.address));
  udp.bind(2223, address);
  const asked = open(address);
  asked.on('message', (message, peer) => {
    const own = open(address);
    own.bind(2224, address, () => own.connect(peer.port, peer.address, () => own.send(message, () => own.close())));
  });
  asked.bind(2224, address);
  await Promise.all([tcp, udp, asked].map((server) => once(server, 'listening')));
}

await Promise.all(addresses.map(listen));
console.log('ready');
