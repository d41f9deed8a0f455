import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { transfer } from './support/simulation.ts';

/** Committed; a change of behaviour under faults shows up as a change of this file (UPDATE_TABLES=1 writes it). */
const TABLE = new URL('throughput-table.txt', import.meta.url);
const UP = 1 << 20;
/** More: it goes in super-segments, and a table wants many packets. */
const DOWN = 2 << 20;
const SEEDS = [1, 2, 3];

const CASES = [
  { name: 'clean', loss: 0, duplication: 0, reordering: 0, corruption: 0 },
  { name: 'loss 0.1 %', loss: 0.001, duplication: 0, reordering: 0, corruption: 0 },
  { name: 'loss 1 %', loss: 0.01, duplication: 0, reordering: 0, corruption: 0 },
  { name: 'loss 5 %', loss: 0.05, duplication: 0, reordering: 0, corruption: 0 },
  { name: 'loss 20 %', loss: 0.2, duplication: 0, reordering: 0, corruption: 0 },
  { name: 'reordering 5 %', loss: 0, duplication: 0, reordering: 0.05, corruption: 0 },
  { name: 'duplication 5 %', loss: 0, duplication: 0.05, reordering: 0, corruption: 0 },
  { name: 'all of 2 %', loss: 0.02, duplication: 0.02, reordering: 0.02, corruption: 0 },
];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

describe('tcp over a bad link (simulated)', () => {
  it('transfers arrive whole, as fast as the committed table says', () => {
    const lines = ['# 1 MiB up, 2 MiB down, 1 ms each way, median of 3 seeds; Mbit/s', 'case | up | down | both'];
    for (const { name, ...faults } of CASES) {
      const columns = [
        [UP, 0],
        [0, DOWN],
        [UP, DOWN],
      ].map(([up, down]) => {
        const times = SEEDS.map((seed) => {
          const { ms, intact } = transfer(up, down, faults, seed);
          assert.ok(intact, `${name}, ${up} up, ${down} down, seed ${seed}: stopped after ${ms} ms`);
          return ms;
        });
        return (((up + down) * 8) / median(times) / 1000).toFixed(2);
      });
      lines.push([name, ...columns].join(' | '));
    }
    const table = `${lines.join('\n')}\n`;
    if (process.env['UPDATE_TABLES'] === '1') writeFileSync(TABLE, table);
    assert.equal(table, readFileSync(TABLE, 'utf8'));
  }).timeout(60_000);

  it('small exchanges survive the loss of a third of all packets', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { intact, ms } = transfer(500, 500, { loss: 0.33, duplication: 0, reordering: 0, corruption: 0 }, seed);
      assert.ok(intact, `seed ${seed}: stopped after ${ms} ms`);
    }
  });
});
