/**
 * `delay-proxy.ts ADDRESS PORT MS`: a TCP proxy that keeps every byte for MS on its way, in either direction, and thus adds
 * twice that to the round trip.  Listens on a free port of 127.0.0.1, which it prints.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** Bytes of one direction that are held at once: more than 10 Gbit/s bring in 10 ms, as a real path would hold. */
const HELD_MAX = 16 * 1024 * 1024;

const [address = '', port = '', ms = ''] = process.argv.slice(2);

function carry(from: Socket, to: Socket): void {
  const later = (what: () => void): unknown => setTimeout(what, Number(ms));
  let held = 0;
  from.on('data', (chunk: Buffer) => {
    held += chunk.length;
    if (held > HELD_MAX) from.pause();
    later(() =>
      to.write(chunk, () => {
        held -= chunk.length;
        if (from.isPaused() && held <= HELD_MAX) from.resume();
      }),
    );
  });
  from.on('end', () => later(() => to.end()));
  from.on('close', () => later(() => to.destroy()));
  // What ended it, `close` passes on.
  from.on('error', () => undefined);
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ host: address, port: Number(port), allowHalfOpen: true, noDelay: true });
  carry(near, far);
  carry(far, near);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
