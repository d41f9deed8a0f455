import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BLOCK_BYTES } from '../../../src/block-pool.ts';
import { Deadlines, Timed } from '../../../src/stack/deadlines.ts';
import { FlowTable, type TableEntry, type Tuple } from '../../../src/stack/flow-table.ts';
import { CHUNK_COST } from '../../../src/stack/limits.ts';
import { OutOfOrder } from '../../../src/stack/out-of-order.ts';
import { SendQueue } from '../../../src/stack/send-queue.ts';
import { TokenBucket } from '../../../src/stack/token-bucket.ts';

class Alarm extends Timed {
  readonly fired: number[] = [];
  override expire(now: number): void {
    this.fired.push(now);
  }
}

class Entry implements TableEntry<Entry> {
  tableKey = 0;
  tableNext: Entry | null = null;
  readonly tuple: Tuple;
  constructor(tuple: Tuple) {
    this.tuple = tuple;
  }
}

describe('stack: deadlines', () => {
  it('fire each exactly once, at their last set time, never late', () => {
    const step = fc.oneof(
      fc.record({ set: fc.nat(9), at: fc.nat(50) }),
      fc.record({ remove: fc.nat(9) }),
      fc.record({ pass: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const deadlines = new Deadlines();
        const alarms = Array.from({ length: 10 }, () => new Alarm());
        const expected = alarms.map(() => Infinity);
        let now = 0;
        for (const action of steps) {
          if ('set' in action) {
            deadlines.set(alarms[action.set], now + action.at);
            expected[action.set] = now + action.at;
          } else if ('remove' in action) {
            deadlines.remove(alarms[action.remove]);
            expected[action.remove] = Infinity;
          } else {
            now += action.pass;
            deadlines.expire(now);
            for (const [i, alarm] of alarms.entries()) {
              assert.equal(alarm.fired.splice(0).length, expected[i] <= now ? 1 : 0);
              if (expected[i] <= now) expected[i] = Infinity;
            }
          }
          const next = deadlines.next ?? Infinity;
          assert.ok(next <= Math.min(...expected), 'never late');
        }
        deadlines.expire(1e9);
        assert.equal(deadlines.next, null);
      }),
    );
  });
});

describe('stack: flow table', () => {
  it('finds what is in it, also where keys collide', () => {
    const tuples = fc.uniqueArray(
      fc.record({
        addresses: fc.uint8Array({ minLength: 8, maxLength: 8, max: 1 }),
        sourcePort: fc.nat(3),
        destinationPort: fc.nat(3),
      }),
      { maxLength: 40, selector: (tuple) => JSON.stringify(tuple) },
    );
    fc.assert(
      fc.property(tuples, fc.nat(), (list, seed) => {
        const table = new FlowTable<Entry>(seed);
        const entries = list.map((tuple) => new Entry(tuple));
        for (const entry of entries) table.add(entry);
        // All in one chain: the worst case.
        const find = ({ tuple }: Entry): Entry | null =>
          table.find(tuple.addresses, 0, 8, tuple.sourcePort, tuple.destinationPort);
        for (const entry of entries) assert.equal(find(entry), entry);
        assert.equal(table.all().length, entries.length);
        for (const [i, entry] of entries.entries()) {
          table.remove(entry);
          assert.equal(find(entry), null);
          assert.equal(table.size, entries.length - i - 1);
          for (const rest of entries.slice(i + 1)) assert.equal(find(rest), rest);
        }
      }),
    );
  });
});

describe('stack: send queue', () => {
  for (const [what, scale] of [
    ['tiny', 1],
    ['large', 2_500],
  ] as const)
    it(`keeps the bytes between acknowledged and sent, ${what} chunks`, () => {
      const steps = fc.array(fc.record({ push: fc.nat(40), send: fc.nat(60), acknowledge: fc.nat(60) }), {
        maxLength: 300 / Math.sqrt(scale),
      });
      fc.assert(
        fc.property(steps, (list) => {
          const queue = new SendQueue();
          let pushed = 0;
          let sent = 0;
          let acknowledged = 0;
          // A prime, so that no block begins with the same byte.
          const content = (at: number): number => at % 251;
          const at = (index: number, offset: number): number | undefined => queue.chunks[index]?.[offset];
          for (const step of list) {
            const chunk = Uint8Array.from({ length: step.push * scale }, () => content(pushed++));
            if (chunk.length > 0) queue.push(chunk);
            chunk.fill(255);
            const send = Math.min(step.send * scale, queue.unsent);
            queue.markSent(send);
            sent += send;
            const acknowledge = Math.min(step.acknowledge * scale, queue.inFlight);
            queue.acknowledge(acknowledge);
            acknowledged += acknowledge;
            assert.deepEqual([queue.unsent, queue.inFlight], [pushed - sent, sent - acknowledged]);
            if (sent < pushed) assert.equal(at(queue.sendIndex, queue.sendOffset), content(sent));
            if (acknowledged < pushed) assert.equal(at(queue.headIndex, queue.headOffset), content(acknowledged));
            const held = pushed - acknowledged;
            assert.ok(queue.cost <= 2 * held + 2 * BLOCK_BYTES + (CHUNK_COST * held) / 40 + CHUNK_COST * 80);
          }
          queue.markSent(queue.unsent);
          queue.acknowledge(queue.inFlight);
          assert.deepEqual([queue.cost, queue.chunks.length], [0, 0]);
        }),
        { numRuns: scale === 1 ? 100 : 20 },
      );
    });
});

describe('stack: out of order', () => {
  it('gives back a stream from any overlapping pieces, across the wrap', () => {
    const pieces = fc.array(fc.record({ from: fc.nat(200), length: fc.integer({ min: 1, max: 60 }) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(pieces, fc.constantFrom(0, -100, 2 ** 31 - 100), (list, base) => {
        const held = new OutOfOrder();
        const have = new Set<number>();
        for (const { from, length } of list) {
          const bytes = Uint8Array.from({ length }, (_, i) => (from + i) & 255);
          held.add((base + from) | 0, bytes, 0, length, Infinity);
          for (let i = from; i < from + length; i++) have.add(i);
          assert.equal(held.bytes, have.size);
          const edges = held.sackEdges().map((edge) => (edge - base) | 0);
          assert.ok(edges.length <= 8 && edges[0] <= from && from < edges[1]);
          for (const [i, edge] of edges.entries()) assert.equal(have.has(i % 2 === 0 ? edge : edge - 1), true);
        }
        for (let next = 0; next < 300; next++) {
          const piece = held.take((base + next) | 0);
          assert.equal(piece !== null, have.has(next));
          if (piece === null) continue;
          assert.deepEqual(
            [...piece],
            [...piece].map((_, i) => (next + i) & 255),
          );
          next += piece.length - 1;
        }
        assert.equal(held.bytes, 0);
      }),
    );
  });
});

describe('stack: token bucket', () => {
  it('gives its burst, then its rate', () => {
    const bucket = new TokenBucket(10, 5);
    const taken = (now: number): number => Array.from({ length: 20 }, () => bucket.take(now)).filter(Boolean).length;
    assert.deepEqual([taken(0), taken(99), taken(100), taken(350), taken(100_000)], [5, 0, 1, 2, 5]);
  });
});
