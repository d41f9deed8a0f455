import assert from 'node:assert/strict';
import { MirrordError } from '../../../../src/errors.ts';
import { AgentPool } from '../../../../src/session/agents/pool.ts';
import { Agents } from '../../support/agents.ts';
import { settled } from '../../support/mux-pair.ts';

describe('the agents of a session', () => {
  const never = new AbortController().signal;
  const silent = () => undefined;
  let here: Agents;
  let there: Agents;
  let told: (string | null)[];
  let pool: AgentPool;

  beforeEach(async () => {
    [here, there, told] = [new Agents('here'), new Agents('there'), []];
    pool = new AgentPool([here, there], { changed: (reason) => told.push(reason), gone: silent, restarted: silent });
    await pool.start(silent, never);
  });
  afterEach(() => pool.close());

  /** The agent goes, and no other can be started in its place. */
  function lose(agents: Agents): void {
    agents.away = new MirrordError('cluster', 'server-unreachable', 'the API server is away');
    agents.started.at(-1)?.close('the pod was deleted');
  }

  it('have a key and a tunnel each', () => {
    assert.deepEqual([here.started.length, there.started.length], [1, 1]);
    assert.notEqual(here.keys[0], there.keys[0]);
    assert.equal(pool.outgoing.agent?.name, 'here 1');
  });

  it('take what leaves this machine while any of them can be reached', async () => {
    const first = pool.tunnel ?? assert.fail();
    told.length = 0;
    lose(here);
    await settled(() => pool.outgoing.agent?.name === 'there 1', 'the other');
    assert.deepEqual([pool.away, pool.has(first), pool.has(pool.tunnel ?? assert.fail())], [null, false, true]);
    assert.equal(await pool.whenUp(0), pool.tunnel);
    await pool.whenReachable(never);
    assert.deepEqual([...new Set(told)], [null], 'nothing is away');
  });

  it('are away when all are, and a new flow waits for the first that is back', async () => {
    lose(here);
    lose(there);
    await settled(() => pool.tunnel === undefined, 'both are gone');
    assert.match(pool.away ?? '', /API server is away|pod was deleted/);
    const waiting = pool.whenUp(10_000);
    there.away = null;
    pool.pathChanged();
    const tunnel = await waiting;
    assert.equal(pool.outgoing.agent?.name, 'there 2');
    assert.equal(pool.tunnel, tunnel);
    assert.equal(pool.away, null);
  });

  it('are all ended with the session', async () => {
    await pool.close();
    assert.deepEqual([here.stopped, there.stopped, pool.tunnel], [1, 1, undefined]);
  });
});
