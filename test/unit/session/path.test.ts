import assert from 'node:assert/strict';
import type { PathChange } from '../../../src/ipc/protocol.ts';
import { AgentPath } from '../../../src/session/path.ts';

describe('connecting to the agent', () => {
  let now: number;
  let told: PathChange[];
  let path: AgentPath;
  beforeEach(() => {
    now = Date.parse('2026-01-02T03:04:05Z');
    told = [];
    path = new AgentPath({
      keptMs: 120_000,
      agent: () => 'job/a on node1',
      tell: (change) => void told.push(change),
      now: () => now - 1e9,
      date: () => now,
    });
  });

  it('is lost once, since then, and for the latest reason', () => {
    path.lost('nothing arrived for 15 s', null);
    assert.deepEqual(path.away, {
      reason: 'nothing arrived for 15 s',
      since: '2026-01-02T03:04:05.000Z',
      next_try: null,
    });
    now += 4_000;
    path.lost('The API server does not answer.', 2_000);
    assert.deepEqual(path.away, {
      reason: 'the API server does not answer',
      since: '2026-01-02T03:04:05.000Z',
      next_try: '2026-01-02T03:04:11.000Z',
    });
    now += 65_000;
    path.back();
    assert.equal(path.away, null);
    assert.deepEqual(told, [
      { state: 'lost', reason: 'nothing arrived for 15 s', keptMs: 120_000 },
      { state: 'back', afterMs: 69_000, connections: 'kept', agent: 'job/a on node1' },
    ]);
  });

  it('has reset what was open when the agent goes, whether it was lost before or not', () => {
    path.gone('its pod is being deleted');
    path.lost('waiting for a ready pod', null);
    path.back();
    path.lost('nothing arrived for 15 s', null);
    path.gone('not reachable for 120 s');
    path.back();
    assert.deepEqual(
      told.map((change) => (change.state === 'lost' ? change.keptMs : change.connections)),
      [null, 'reset', 120_000, null, 'reset'],
    );
  });

  it('keeps nothing of a loss that is over', () => {
    path.gone('it has ended');
    path.back();
    path.lost('cut', null);
    path.back();
    assert.deepEqual(told.at(-1), { state: 'back', afterMs: 0, connections: 'kept', agent: 'job/a on node1' });
  });

  it('is not there again without having been lost', () => {
    path.back();
    assert.deepEqual(told, []);
  });

  it('ends what waits for it', () => {
    const { passing } = path;
    path.lost('cut', null);
    assert.equal(passing.reason, 'cut');
    path.back();
    assert.equal(path.passing.aborted, false);
  });
});
