/** What a decision by name costs a program: from the cluster's answer to ours, the kernel's route included. */
import assert from 'node:assert/strict';
import type { Answer } from 'dns-packet';
import { join } from 'node:path';
import { useTwoSides } from '../support/two-sides.ts';

const NAMES = 60;
/** The best of so many tries counts: a busy machine is no property of ours. */
const TRIES = 3;
/** The routes of an answer, within so many milliseconds of the agent's answer. */
const ROUTE_MS = 5;

describe('filter by name, the time that it takes', () => {
  const held = useTwoSides(['192.0.2.1']);
  const name = (kind: string, n: number): string => `n${n}.${kind}.example`;
  const records = (kind: string): Answer[] =>
    Array.from({ length: NAMES }, (_, n) => ({ type: 'A', name: name(kind, n), data: `192.0.2.${n + 10}`, ttl: 60 }));

  const tries = (kind: string): string[] => Array.from({ length: TRIES }, (_, i) => `${'abc'[i]}.${kind}`);

  /** Median milliseconds of one question after another, each for a name never asked before. */
  async function median(kind: string): Promise<number> {
    const { developer } = held.world.sandbox;
    const program = join(import.meta.dirname, '../support/resolver-timing.ts');
    const names = Array.from({ length: NAMES }, (_, n) => name(kind, n));
    const { stdout, stderr, code } = await developer.run(process.execPath, [program, ...names], { as: 'developer' });
    assert.equal(code, 0, stderr);
    return Number(stdout);
  }

  for (const entries of [0, 1_000]) {
    it(`a new route is there within ${ROUTE_MS} ms of the agent's answer, beside ${entries} other entries`, async () => {
      held.world.sandbox.cluster.publish([...tries('routed'), ...tries('plain'), 'warm'].flatMap(records));
      const others = Array.from({ length: entries }, (_, n) => `10.${n >> 8}.${n & 255}.1`);
      await held.world.up({
        outgoing: { filter: { remote: ['*.routed.example', ...others] } },
        // The same way to the cluster and back, and no route.
        dns: { filter: { remote: ['*.plain.example', '*.warm.example'] } },
      });
      await median('warm');
      const costs: number[] = [];
      for (const i of Array.from({ length: TRIES }).keys()) {
        const plain = await median(tries('plain')[i] ?? '');
        costs.push((await median(tries('routed')[i] ?? '')) - plain);
      }
      assert.ok(Math.min(...costs) < ROUTE_MS, `a route costs ${costs.map((ms) => ms.toFixed(2)).join(', ')} ms`);
    });
  }
});
