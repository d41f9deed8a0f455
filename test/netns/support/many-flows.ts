/**
 * `many-flows.ts ADDRESS PORT COUNT BYTES`: opens all flows to an echo server at once, sends BYTES through each, checks
 * what comes back, and prints how many were right.
 */
import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';

const [, , address = '', port = '', count = '', bytes = ''] = process.argv;

async function flow(): Promise<boolean> {
  const sent = randomBytes(Number(bytes));
  const socket = connect(Number(port), address);
  socket.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return sent.equals(Buffer.concat(chunks));
}

const results = await Promise.allSettled(Array.from({ length: Number(count) }, flow));
const right = results.filter((result) => result.status === 'fulfilled' && result.value);
const first = results.find((result) => result.status === 'rejected');
console.log(`${right.length} of ${count} right${first ? ` (${String(first.reason)})` : ''}`);
