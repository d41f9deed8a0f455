/**
 * `bulk-client.ts up|down ADDRESS BYTES`: sends that many pattern bytes to the digest service and prints its answer, or takes
 * them from the source service and prints count and SHA-256 of what came.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { patternBlocks } from './services/pattern.ts';

const [, , direction = '', address = '', bytes = ''] = process.argv;
const count = Number(bytes);

if (direction === 'up') {
  // Half-open: the answer comes after our side is closed.
  const socket = connect({ port: 9, host: address, allowHalfOpen: true });
  const answer = Array<Buffer>();
  socket.on('data', (chunk: Buffer) => answer.push(chunk));
  const ended = new Promise((resolve) => socket.once('end', resolve));
  await pipeline(Readable.from(patternBlocks(count)), socket, { end: true });
  await ended;
  console.log(Buffer.concat(answer).toString().trim());
} else {
  const socket = connect(19, address);
  socket.write(`${count}\n`);
  const hash = createHash('sha256');
  let received = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    hash.update(chunk);
    received += chunk.length;
  }
  console.log(`${received} ${hash.digest('hex')}`);
}
