import assert from 'node:assert/strict';
import { MuxPair, quiet, settled, turn } from '../support/mux-pair.ts';
import { STREAM_WINDOW, STREAM_WINDOWS_GROWTH, STREAM_WINDOW_MAX } from '../../../src/mux/limits.ts';
import { WINDOW_MIN } from '../../../src/connection/limits.ts';
import { KIND, encodeOpening } from '../../../src/peer/opening.ts';
import type { MuxStream } from '../../../src/mux/stream.ts';

const CHUNK = Buffer.alloc(64 * 1024, 7);
const MB = 1024 * 1024;
/** So long that every window is what limits, ms. */
const LONG_PATH_MS = 100_000;

/** One stream that is written to without end, and what has arrived of it. */
interface Bulk {
  readonly near: MuxStream;
  far: MuxStream;
  /** Bytes that have left the writer's queue, and that have been taken by the reader. */
  sent: number;
  received: number;
}

class Lab {
  readonly pair: MuxPair;
  readonly #bulk = new Map<number, Bulk>();
  #isOver = false;

  constructor(roundTripMs = 0) {
    this.pair = new MuxPair({
      roundTripMs,
      far: {
        opened: (id, { port }) => {
          const stream = this.pair.far.acceptStream(id);
          const bulk = this.#bulk.get(port);
          if (bulk) {
            bulk.far = stream;
            stream.onData = (chunk) => (bulk.received += chunk.length);
          } else {
            stream.onData = (chunk) => stream.write(Buffer.from(chunk), () => {});
          }
        },
      },
    });
  }

  async bulk(port: number): Promise<Bulk> {
    const { stream } = this.pair.near.openStream(encodeOpening(KIND.tcp, port, 'host'));
    const bulk: Bulk = { near: stream, far: stream, sent: 0, received: 0 };
    this.#bulk.set(port, bulk);
    await settled(() => bulk.far !== bulk.near, 'the opening');
    return bulk;
  }

  pour(bulk: Bulk): void {
    let isGone = false;
    bulk.near.onReset = () => (isGone = true);
    const write = (): void => {
      if (this.#isOver || isGone) return;
      bulk.near.write(CHUNK, () => {
        bulk.sent += CHUNK.length;
        write();
      });
    };
    for (let i = 0; i < 4; i++) write();
  }

  /** What the reader has not taken when it stalls for good. */
  async stall(bulk: Bulk): Promise<number> {
    bulk.far.pause();
    for (let before = -1; before !== bulk.sent;) {
      before = bulk.sent;
      await quiet();
    }
    return bulk.sent - bulk.received;
  }

  close(): void {
    this.#isOver = true;
    this.pair.close();
  }
}

describe('streams of one multiplexer', () => {
  let lab: Lab;
  afterEach(() => lab.close());

  it('share alike, a hundred of them', async () => {
    lab = new Lab();
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => lab.bulk(i)));
    for (const bulk of all) lab.pour(bulk);
    const received = (): number[] => all.map((bulk) => bulk.received);
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
    await settled(() => sum(received()) > 200 * MB, '200 MB');
    const rates = received();
    const jain = sum(rates) ** 2 / (rates.length * sum(rates.map((rate) => rate * rate)));
    assert.ok(jain >= 0.95, `Jain ${jain}`);
  }).timeout(20_000);

  it('wait for no more than what is in flight, beside a bulk transfer both ways', async () => {
    lab = new Lab();
    const bulk = await lab.bulk(1);
    lab.pour(bulk);
    await settled(() => bulk.received > 20 * MB, 'the transfer');
    for (let i = 0; i < 50; i++) {
      const before = bulk.received;
      const { stream } = lab.pair.near.openStream(encodeOpening(KIND.tcp, 7_000, 'host'));
      let isAnswered = false;
      stream.onData = () => (isAnswered = true);
      stream.write(Buffer.from('x'), () => {});
      await settled(() => isAnswered, 'the answer');
      // There is one window ahead of the question, and there may be another one ahead of its bytes.
      assert.ok(bulk.received - before < 3 * WINDOW_MIN, `${bulk.received - before} bytes went first`);
      stream.reset();
    }
  }).timeout(20_000);

  it('stall alone, and hold their window', async () => {
    lab = new Lab();
    const [stalled, other] = [await lab.bulk(1), await lab.bulk(2)];
    stalled.far.pause();
    lab.pour(stalled);
    lab.pour(other);
    await settled(() => other.received > 50 * MB, 'the other');
    assert.deepEqual([stalled.sent, stalled.received], [STREAM_WINDOW, 0]);
    stalled.far.resume();
    await settled(() => stalled.received > 10 * MB, 'going on');
  }).timeout(20_000);

  it('keep their window where it is not what limits', async () => {
    lab = new Lab(0);
    const bulk = await lab.bulk(1);
    lab.pour(bulk);
    await settled(() => bulk.received > 50 * MB, 'the transfer');
    assert.ok((await lab.stall(bulk)) <= STREAM_WINDOW);
  }).timeout(20_000);

  it('get a larger window where it is, up to a bound', async () => {
    lab = new Lab(LONG_PATH_MS);
    const bulk = await lab.bulk(1);
    lab.pour(bulk);
    await settled(() => bulk.received > 100 * MB, 'the transfer');
    const held = await lab.stall(bulk);
    assert.ok(held > STREAM_WINDOW_MAX / 2 && held <= STREAM_WINDOW_MAX, `${held} bytes`);
  }).timeout(20_000);

  it('grow within what all have together, none takes all, and what one leaves another gets', async () => {
    lab = new Lab(LONG_PATH_MS);
    const all: Bulk[] = [];
    const held: number[] = [];
    for (let port = 0; port < 8; port++) {
      const bulk = await lab.bulk(port);
      all.push(bulk);
      lab.pour(bulk);
      await settled(() => bulk.received > 60 * MB, `transfer ${port}`, 20_000);
      held.push(await lab.stall(bulk));
    }
    const total = held.reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(total <= STREAM_WINDOWS_GROWTH + all.length * STREAM_WINDOW, `${total} bytes`);
    assert.ok(
      held.every((bytes) => bytes > STREAM_WINDOW),
      held.join(),
    );
    for (const bulk of all) bulk.far.reset();
    const fresh = await lab.bulk(100);
    lab.pour(fresh);
    await settled(() => fresh.received > 100 * MB, 'the fresh one', 20_000);
    assert.ok((await lab.stall(fresh)) > STREAM_WINDOW_MAX / 2);
  }).timeout(60_000);

  it('that stall after single bytes keep no object for each', async () => {
    lab = new Lab();
    const bulk = await lab.bulk(1);
    let [chunks, bytes] = [0, 0];
    bulk.far.onData = (chunk) => {
      chunks++;
      bytes += chunk.length;
    };
    bulk.far.pause();
    for (let i = 0; i < 50_000; i++) {
      bulk.near.write(Buffer.from('x'), () => {});
      if (i % 10 === 0) await turn();
    }
    await quiet();
    bulk.far.resume();
    await settled(() => bytes === 50_000, 'all');
    assert.ok(chunks < 50, `${chunks} chunks`);
  }).timeout(20_000);
});
