import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { ByteStream } from '../../../src/connection/byte-stream.ts';
import { Link } from '../../../src/connection/link.ts';

/** Bytes in each direction of one run. */
const TOTAL = 4 * 1024 * 1024;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

/** mulberry32: small, seeded, good enough to choose cuts. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ignore = { data() {}, control() {}, malformed() {}, lost() {} };

describe('the byte stream under random cuts', () => {
  for (const seed of SEEDS) {
    it(`delivers both directions whole and once, seed ${seed}`, async () => {
      const next = random(seed);
      let cuts = 0;
      let scheduled = false;
      const lost = (): void => {
        if (scheduled) return;
        scheduled = true;
        setImmediate(join);
      };
      const events = { lost, closed: (reason: string) => assert.fail(reason) };
      const [a, b] = [new ByteStream(events), new ByteStream(events)];
      let cutAt = 0;
      const join = (): void => {
        scheduled = false;
        // As the hello does: what each has received is settled before either goes on.
        a.detach();
        b.detach();
        const [near, far] = duplexPair();
        const [fromA, fromB] = [a.received, b.received];
        assert.ok(a.attach(new Link(near, ignore), fromB, 0.1));
        assert.ok(b.attach(new Link(far, ignore), fromA, 0.1));
        cutAt = a.received + b.received + next() * 400_000;
        cuts++;
      };
      const [sentA, sentB] = [createHash('sha256'), createHash('sha256')];
      const ends = [receive(b, () => cutIfDue(), sentA), receive(a, () => cutIfDue(), sentB)];
      const cutIfDue = (): void => {
        if (a.received + b.received < cutAt || scheduled) return;
        // One side notices at once, the other when its half is gone too.
        (next() < 0.5 ? a : b).lost('cut by the test');
      };
      join();
      send(a, next, sentA);
      send(b, next, sentB);
      for (const { received, sent } of await Promise.all(ends))
        assert.equal(received.digest('hex'), sent.digest('hex'));
      assert.ok(cuts > 5, `${cuts} cuts`);
      assert.deepEqual([a.received, b.received], [TOTAL, TOTAL]);
      a.destroy();
      b.destroy();
    });
  }
});

function send(stream: ByteStream, next: () => number, hash: Hash): void {
  let left = TOTAL;
  const more = (): void => {
    while (left > 0 && stream.room > 0) {
      const chunk = Buffer.alloc(Math.min(left, 1 + Math.floor(next() * 60_000)), Math.floor(next() * 256));
      left -= chunk.length;
      hash.update(chunk);
      stream.write(chunk);
    }
    stream.flush();
  };
  stream.onRoom = more;
  more();
}

function receive(stream: ByteStream, seen: () => void, sent: Hash): Promise<{ received: Hash; sent: Hash }> {
  const received = createHash('sha256');
  let length = 0;
  return new Promise((resolve) => {
    stream.onBytes = (chunk) => {
      received.update(chunk);
      length += chunk.length;
      seen();
      if (length >= TOTAL) resolve({ received, sent });
    };
  });
}
