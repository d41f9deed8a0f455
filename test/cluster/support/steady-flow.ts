/**
 * `steady-flow.ts ADDRESS PORT`: one connection to an echo server, a numbered line every 50 ms until standard input ends.
 * Then prints `LINES in order, longest silence MS`, or what went wrong.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [, , address = '', port = ''] = process.argv;
const INTERVAL_MS = 50;

const socket = connect(Number(port), address);
socket.once('error', (error) => {
  console.log(error.message);
  process.exit();
});
await once(socket, 'connect');
console.log('open');

let sent = 0;
let received = 0;
let lastAt = performance.now();
let longest = 0;
let done = false;
const timer = setInterval(() => socket.write(`${sent++}\n`), INTERVAL_MS);
process.stdin.resume().once('end', () => {
  clearInterval(timer);
  done = true;
  finish();
});

function finish(): void {
  if (!done || received !== sent) return;
  console.log(`${received} in order, longest silence ${Math.round(longest)}`);
  socket.destroy();
}

for await (const line of createInterface({ input: socket })) {
  if (line !== String(received)) {
    console.log(`${line} instead of ${received}`);
    process.exit();
  }
  received++;
  longest = Math.max(longest, performance.now() - lastAt);
  lastAt = performance.now();
  finish();
}
