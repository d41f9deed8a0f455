/**
 * Traffic through a fault: `traffic.ts ADDRESS ECHO-PORT FLOWS BYTES-PER-SECOND`.
 *
 * FLOWS flows to an echo server carry random bytes without a pause, and one more is idle.  Prints `running` when all
 * are open.  A line `new` on standard input opens one more flow at that moment; a line `stop`, or the end of the input,
 * ends it all: every flow closes its side and must get back exactly what it sent, the idle one its first and only bytes.
 * The report is one line of JSON, see `Report`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export interface Report {
  /** Flows that carried all their bytes, the idle one and the new ones among them. */
  readonly right: number;
  /** What happened to each of the others. */
  readonly wrong: readonly string[];
  /** Bytes sent, and as many received where nothing is wrong. */
  readonly bytes: number;
  /** Times without any byte for a flow: from, to, in Date.now() milliseconds; only those above GAP_MS. */
  readonly gaps: readonly (readonly [number, number])[];
  /** How long each new flow took to open, ms. */
  readonly opened: readonly number[];
}

const [, , address = '', port = '', count = '', rate = ''] = process.argv;
/** A shorter silence is no more than a busy machine. */
const GAP_MS = 100;
const CHUNK = 4_096;
/** What a flow may have on its way: enough to go on for a moment, so little that it stops soon after the path did. */
const WINDOW = 64 * 1_024;
/** After the last byte was sent, for what is on its way back. */
const END_MS = 30_000;
const DIAL_MS = 60_000;

const stopped = new AbortController();
const gaps: [number, number][] = [];
const opened: number[] = [];
let bytes = 0;

async function open(): Promise<Socket> {
  const socket = connect({ host: address, port: Number(port), noDelay: true });
  await once(socket, 'connect', { signal: AbortSignal.timeout(DIAL_MS) });
  return socket;
}

/** Rejects when the flow fails, and is otherwise silent. */
function failureOf(socket: Socket): Promise<never> {
  const failed = new Promise<never>((_, reject) => socket.on('error', reject));
  failed.catch(() => undefined);
  return failed;
}

async function steady(socket: Socket): Promise<void> {
  const pause = (CHUNK / Number(rate)) * 1_000;
  const sent = createHash('sha256');
  const received = createHash('sha256');
  let under = 0;
  let last = Date.now();
  socket.on('data', (chunk: Buffer) => {
    received.update(chunk);
    under -= chunk.length;
    const now = Date.now();
    if (now - last > GAP_MS) gaps.push([last, now]);
    last = now;
  });
  const ended = once(socket, 'end');
  const failed = failureOf(socket);
  ended.catch(() => undefined); // `failed` has it, too
  const send = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      if (under < WINDOW) {
        const chunk = randomBytes(CHUNK);
        sent.update(chunk);
        socket.write(chunk);
        under += CHUNK;
        bytes += CHUNK;
      }
      await delay(pause);
    }
    socket.end();
    await Promise.race([
      ended,
      delay(END_MS).then(() => Promise.reject(new Error(`${under} bytes did not come back`))),
    ]);
  };
  await Promise.race([send(), failed]);
  if (under !== 0) throw new Error(`${-under} bytes more than were sent`);
  if (sent.digest('hex') !== received.digest('hex')) throw new Error('other bytes than were sent');
}

/** Waits, and works all the same. */
async function quiet(socket: Socket): Promise<void> {
  const failed = failureOf(socket);
  if (!stopped.signal.aborted) await Promise.race([once(stopped.signal, 'abort'), failed]);
  const sent = randomBytes(CHUNK);
  bytes += CHUNK;
  const chunks: Buffer[] = [];
  socket.end(sent);
  const read = async (): Promise<void> => {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  };
  await Promise.race([failed, read(), delay(END_MS).then(() => Promise.reject(new Error('the idle flow is dead')))]);
  if (!sent.equals(Buffer.concat(chunks))) throw new Error('the idle flow lost bytes');
}

async function added(): Promise<void> {
  const start = Date.now();
  const socket = await open();
  opened.push(Date.now() - start);
  await quiet(socket);
}

const flows: Promise<void>[] = [];
const add = (flow: Promise<void>): void => {
  flow.catch(() => undefined); // the report has it
  flows.push(flow);
};
add(quiet(await open()));
for (let i = 0; i < Number(count); i++) add(steady(await open()));
console.log('running');
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  if (line === 'new') add(added());
  else stopped.abort();
});
input.on('close', () => stopped.abort());
if (!stopped.signal.aborted) await once(stopped.signal, 'abort');
const results = await Promise.allSettled(flows);
const wrong = results.filter((result) => result.status === 'rejected').map(({ reason }) => String(reason));
const report: Report = { right: results.length - wrong.length, wrong, bytes, gaps, opened };
console.log(JSON.stringify(report));
process.exit();
