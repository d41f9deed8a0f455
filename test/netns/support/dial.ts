/**
 * A program's own view of one connect: `dial.ts tcp|udp ADDRESS PORT` prints `connected`, or the errno that the call
 * gave, and after how many milliseconds.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';

const [, , protocol = '', address = '', port = ''] = process.argv;
/** Longer than any dial that is to fail with an errno, shorter than the kernel's own time-out. */
const PATIENCE_MS = 4_000;
const start = performance.now();

function report(result: string): void {
  console.log(`${result} ${Math.round(performance.now() - start)}`);
  process.exit();
}

const onError = (error: NodeJS.ErrnoException): void => report(error.code ?? error.message);
setTimeout(() => report('silence'), PATIENCE_MS);

if (protocol === 'tcp') {
  connect(Number(port), address, () => report('connected')).on('error', onError);
} else {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('error', onError).on('message', () => report('connected'));
  socket.connect(Number(port), address, () => {
    socket.send('?');
    // A connected socket reports the ICMP error of one datagram at the next call.
    setInterval(() => socket.send('?'), 100);
  });
}
