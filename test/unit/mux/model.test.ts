import assert from 'node:assert/strict';
import { MuxPair, quiet, random, settled, turn } from '../support/mux-pair.ts';
import { ACK_EVERY } from '../../../src/connection/limits.ts';
import { KIND, encodeOpening } from '../../../src/peer/opening.ts';
import type { MuxStream } from '../../../src/mux/stream.ts';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const FLOWS = 60;
/** Bytes of one direction at most. */
const LONGEST = 400_000;
const PERIOD = 65_521;
const PATTERN = Buffer.from(Array.from({ length: 2 * PERIOD }, (_, i) => (i % PERIOD) * 7 + ((i % PERIOD) >>> 8)));
const POISON = 0xee;
/** The port of a flow that only makes bytes. */
const PADDING = 65_535;

/** The content of a direction, by the place in it; each begins elsewhere in the pattern. */
function content(offset: number, at: number, length: number): Buffer {
  const start = (offset + at) % PERIOD;
  return PATTERN.subarray(start, start + length);
}

/** One end of one flow: writes, ends, resets and pauses as the dice fall, and checks all that it hears. */
class End {
  readonly stream: MuxStream;
  readonly name: string;
  sent = 0;
  received = 0;
  hasEnded = false;
  heardEnd = false;
  /** Reset by either end, or refused. */
  isGone = false;
  /** Of each chunk: how often it was done and released. */
  readonly counts: { done: number; released: number }[] = [];
  readonly #next: () => number;
  readonly #outgoing: number;
  readonly #incoming: number;
  #waiting = 0;

  constructor(stream: MuxStream, name: string, outgoing: number, incoming: number, next: () => number) {
    this.stream = stream;
    this.name = name;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.#next = next;
    stream.onData = (chunk) => this.#hear(chunk);
    stream.onEnd = () => {
      assert.ok(!this.heardEnd && !this.isGone, `${name}: end after the end`);
      this.heardEnd = true;
    };
    stream.onReset = () => {
      assert.ok(!this.isGone, `${name}: reset twice`);
      this.isGone = true;
    };
  }

  #hear(chunk: Uint8Array): void {
    assert.ok(!this.isGone && !this.heardEnd, `${this.name}: bytes after the end`);
    const expected = content(this.#incoming, this.received, chunk.length);
    assert.equal(Buffer.compare(chunk, expected), 0, `${this.name}: other bytes at ${this.received}`);
    this.received += chunk.length;
    if (this.#next() < 0.05) this.stream.pause();
  }

  step(): void {
    const dice = this.#next();
    if (dice < 0.001) return this.reset();
    if (dice < 0.3) return this.stream.resume();
    if (dice < 0.35) return this.stream.pause();
    if (this.hasEnded || this.isGone || this.#waiting > 4) return;
    if (this.sent >= LONGEST || dice > 0.97) return this.end();
    this.#write(Math.floor(this.#next() ** 3 * PERIOD));
  }

  end(): void {
    this.hasEnded = true;
    this.stream.end();
  }

  reset(): void {
    this.isGone = true;
    this.stream.reset();
  }

  #write(length: number): void {
    const chunk = Buffer.from(content(this.#outgoing, this.sent, length));
    const count = { done: 0, released: 0 };
    this.sent += length;
    this.#waiting++;
    this.counts.push(count);
    this.stream.write(
      chunk,
      () => {
        count.done++;
        this.#waiting--;
        // A consumer may act in the middle of the multiplexer's work.
        if (this.#next() < 0.0005 && !this.isGone) this.reset();
      },
      () => {
        count.released++;
        // Whoever reads it now reads something else.
        chunk.fill(POISON);
      },
    );
  }
}

async function run(seed: number, cutsEvery: number): Promise<void> {
  const next = random(seed);
  const ends: End[] = [];
  const pairs: { readonly near: End; far: End | undefined }[] = [];
  const pair = new MuxPair({
    seed,
    far: {
      opened: (id, { port }) => {
        const stream = pair.far.acceptStream(id);
        if (port === PADDING) {
          stream.write(Buffer.alloc(2 * ACK_EVERY), () => {});
          return stream.end();
        }
        // Later, as a dial would.
        if (next() < 0.1) return void setImmediate(() => pair.far.refuse(id, 'ECONNREFUSED'));
        const end = new End(stream, `far ${port}`, port * 2 + 1, port * 2, next);
        const known = pairs[port];
        if (known) known.far = end;
        ends.push(end);
        pair.far.accepted(id);
      },
    },
  });
  const outcomes: Promise<void>[] = [];
  for (let steps = 0; steps < 60_000; steps++) {
    if (pairs.length < FLOWS && next() < 0.02) {
      const port = pairs.length;
      const { stream, opened } = pair.near.openStream(encodeOpening(KIND.tcp, port, 'host'));
      const near = new End(stream, `near ${port}`, port * 2, port * 2 + 1, next);
      pairs.push({ near, far: undefined });
      ends.push(near);
      outcomes.push(
        opened.then((outcome) => {
          if (outcome.ok) return;
          assert.equal(outcome.errno, near.isGone ? 'ECONNRESET' : 'ECONNREFUSED');
          near.isGone = true;
        }),
      );
    }
    ends[Math.floor(next() * ends.length)]?.step();
    if (steps % 20 === 0) await turn();
    if (cutsEvery > 0 && next() < 1 / cutsEvery) pair.cut();
  }
  for (const end of ends) if (!end.hasEnded && !end.isGone) end.end();
  await settled(() => {
    for (const { stream } of ends) stream.resume();
    return pair.near.size + pair.far.size === 0;
  }, `seed ${seed}: ${pair.near.size} and ${pair.far.size} are left`);
  await Promise.all(outcomes);
  await acknowledged(pair);

  if (cutsEvery > 0) assert.ok(pair.cuts > 5, `${pair.cuts} cuts`);
  let [whole, gone] = [0, 0];
  for (const { near, far } of pairs) {
    if (far === undefined || near.isGone || far.isGone) {
      gone++;
      // An end may be reset when the other has all that it needs.
      assert.ok(near.isGone || near.heardEnd, `${near.name} was told`);
      assert.ok(far === undefined || far.isGone || far.heardEnd, `${near.name}: the far end was told`);
      if (far && near.heardEnd) assert.equal(near.received, far.sent);
      if (far?.heardEnd) assert.equal(far.received, near.sent);
      continue;
    }
    whole++;
    assert.deepEqual([near.received, far.received], [far.sent, near.sent], near.name);
    assert.ok(near.heardEnd && far.heardEnd);
  }
  assert.ok(whole > 3 && gone > 3, `${whole} whole, ${gone} gone`);
  for (const { name, counts } of ends) {
    for (const count of counts) assert.deepEqual(count, { done: 1, released: 1 }, name);
  }
  pair.close();
}

/** Makes both ends acknowledge all that was before, by a flow that is longer than what may stay unacknowledged. */
async function acknowledged({ near, far }: MuxPair): Promise<void> {
  const { stream } = near.openStream(encodeOpening(KIND.tcp, PADDING, 'host'));
  stream.write(Buffer.alloc(2 * ACK_EVERY), () => {});
  stream.end();
  await settled(() => near.size + far.size === 0, 'the padding');
  await quiet();
}

describe('two multiplexers that do what the dice say', () => {
  for (const seed of SEEDS) {
    it(`lose, double and forget nothing, seed ${seed}`, () => run(seed, 0)).timeout(20_000);
    it(`lose, double and forget nothing under cuts, seed ${seed}`, () => run(seed, 600)).timeout(20_000);
  }
});
