/**
 * `udp-echo.ts ADDRESS PORT SIZE...`: sends one datagram of each size and waits for its echo, one at a time.  Prints
 * `ok COUNT`, or the first size that did not come back whole.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

const [, , address = '', port = '', ...sizes] = process.argv;
const PATIENCE_MS = 3_000;

const socket = createSocket({
  type: isIPv6(address) ? 'udp6' : 'udp4',
  recvBufferSize: 4 << 20,
  sendBufferSize: 4 << 20,
});
socket.connect(Number(port), address);
await once(socket, 'connect');
for (const size of sizes.map(Number)) {
  const sent = randomBytes(size);
  const echo = once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
  socket.send(sent);
  try {
    const [received] = (await echo) as [Buffer];
    if (!sent.equals(received)) throw new Error(`${received.length} bytes came back`);
  } catch (error) {
    console.log(`${size}: ${(error as Error).message}`);
    process.exit();
  }
}
console.log(`ok ${sizes.length}`);
socket.close();
