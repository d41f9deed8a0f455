import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { MirrordError } from '../../../../src/errors.ts';
import { AgentKeeper } from '../../../../src/session/agents/keeper.ts';
import type { AgentStarter } from '../../../../src/session/agents/starter.ts';
import { readPublicKey } from '../../../../src/connection/key.ts';
import { Pauses } from '../../../../src/connection/redial.ts';
import { TunnelServer } from '../../../../src/peer/server.ts';
import { Agents, INFO, SERVICE } from '../../support/agents.ts';
import type { AgentInfo } from '../../../../src/peer/agent-info.ts';
import { agentServices } from '../../../../src/peer/agent-services.ts';

/** Nobody waits; `waited` has what the pauses would have been. */
class NoPauses extends Pauses {
  readonly waited: number[] = [];
  onWait: () => void = () => {};

  override wait(ms: number): Promise<void> {
    this.waited.push(ms);
    this.onWait();
    return new Promise((resolve) => setImmediate(resolve));
  }
}

describe('an agent that is kept for a session', () => {
  it('starts agent after agent, ever more slowly up to 15 s, and never stops', async () => {
    const agents = new Agents();
    const pauses = new NoPauses();
    const told: (string | null)[] = [];
    const again = Promise.withResolvers<string>();
    const keeper = new AgentKeeper(
      agents,
      {
        changed: (reason) => told.push(reason),
        gone() {},
        restarted: () => again.resolve(keeper.info?.hostname ?? ''),
      },
      pauses,
    );
    const signal = new AbortController().signal;
    await keeper.start(() => undefined, signal);
    const first = keeper.tunnel;
    assert.ok(first);

    agents.away = new MirrordError('cluster', 'server-unreachable', 'the API server is away');
    pauses.onWait = () => {
      if (pauses.waited.length === 200) agents.away = null;
    };
    agents.started[0]?.close('the pod was deleted');
    const waiting = keeper.whenUp(5_000);
    assert.equal(await again.promise, 'pod');

    assert.deepEqual(pauses.waited.slice(0, 8), [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    assert.deepEqual([...new Set(pauses.waited.slice(5))], [15_000]);
    assert.equal(pauses.waited.length, 200);
    assert.equal(told[0], null, 'the first one stands');
    assert.match(told[1] ?? '', /the pod was deleted/);
    assert.equal(told[2], 'the API server is away');
    assert.equal(told.at(-1), null);
    assert.equal(keeper.agent?.name, 'agent 2');
    assert.equal(agents.stopped, 1, 'the old one is put away');
    assert.notEqual(keeper.tunnel, first);
    assert.equal(await waiting, keeper.tunnel, 'who waited has the new tunnel');
    await keeper.close();
  });

  it('does not wait for a tunnel whose agent is known to go', async () => {
    const agents = new Agents();
    const gone: string[] = [];
    const again = Promise.withResolvers<void>();
    const events = { changed() {}, gone: (reason: string) => gone.push(reason), restarted: () => again.resolve() };
    const keeper = new AgentKeeper(agents, events, new NoPauses());
    await keeper.start(() => undefined, new AbortController().signal);
    const { tunnel } = keeper;
    agents.leaves[0]?.('the pod is being deleted');
    await again.promise;
    assert.deepEqual(gone, ['the pod is being deleted']);
    assert.notEqual(keeper.tunnel, tunnel);
    await assert.rejects(tunnel?.ping() ?? Promise.resolve(), /closed/);
    assert.equal(keeper.agent?.name, 'agent 2');
    await keeper.close();
    agents.leaves[1]?.('too late');
    assert.deepEqual(gone, ['the pod is being deleted']);
  });

  it('tells of the last one only, when one goes in the moment in which it stands', async () => {
    const agents = new Agents();
    const told: (string | null)[] = [];
    let restarted = 0;
    const events = {
      changed(reason: string | null) {
        told.push(reason);
      },
      gone() {},
      restarted: () => restarted++,
    };
    const keeper = new AgentKeeper(agents, events, new NoPauses());
    await keeper.start(() => undefined, new AbortController().signal);
    const { start } = agents;
    agents.start = async (...args) => {
      const agent = await start(...args);
      return agents.started.length === 2 ? { ...agent, leaving: () => Promise.resolve('it goes at once') } : agent;
    };
    agents.leaves[0]?.('the pod is being deleted');
    await keeper.whenReachable(AbortSignal.timeout(5_000)).catch(() => undefined);
    while (keeper.agent?.name !== 'agent 3') await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(keeper.away, null);
    assert.equal(restarted, 1);
    assert.deepEqual(told.slice(-2), ['it goes at once', null]);
    await keeper.close();
  });

  it('is waited for until it is reachable, or the wait is given up', async () => {
    const agents = new Agents();
    const keeper = new AgentKeeper(agents, { changed() {}, gone() {}, restarted() {} }, new NoPauses());
    await assert.rejects(keeper.whenReachable(AbortSignal.abort(new Error('given up'))), /given up/);
    const reachable = keeper.whenReachable(new AbortController().signal);
    assert.equal(typeof keeper.away, 'string');
    await keeper.start(() => undefined, new AbortController().signal);
    await reachable;
    await keeper.whenReachable(new AbortController().signal);
    assert.deepEqual([keeper.away, keeper.info?.hostname], [null, 'pod']);
    await keeper.close();
  });

  it('ends its attempts when it is closed', async () => {
    const agents = new Agents();
    const pauses = new NoPauses();
    const keeper = new AgentKeeper(agents, { changed() {}, gone() {}, restarted() {} }, pauses);
    await keeper.start(() => undefined, new AbortController().signal);
    agents.away = new Error('away');
    const tried = new Promise<void>((resolve) => (pauses.onWait = resolve));
    agents.started[0]?.close('gone');
    await tried;
    await keeper.close();
    const count = pauses.waited.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(pauses.waited.length <= count + 1);
    assert.equal(await keeper.whenUp(1), undefined);
  });

  it('is closed only when an agent in the middle of its start has been taken back', async () => {
    let taken = false;
    const source: AgentStarter = {
      start: (_key, _report, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            setTimeout(() => {
              taken = true;
              reject(signal.reason);
            }, 20);
          });
        }),
    };
    const keeper = new AgentKeeper(source, { changed() {}, gone() {}, restarted() {} });
    const started = assert.rejects(keeper.start(() => {}, new AbortController().signal));
    await keeper.close();
    assert.ok(taken);
    await started;
  });
});

describe('an agent that does not say what it sees', () => {
  /** Its one tunnel tells how many sessions it serves, and what `info` does. */
  function mute(info: (transport: Duplex) => AgentInfo): { source: AgentStarter; sessions: () => number } {
    let sessions = 0;
    let dials = 0;
    const start: AgentStarter['start'] = async (publicKey) => {
      const [near, far] = duplexPair();
      const service = { ...SERVICE, info: () => info(far) };
      const events = { connected: (count: number) => (sessions = count), note() {} };
      new TunnelServer({ publicKey: readPublicKey(publicKey) }, agentServices(service), events).accept(far);
      const dial = async (): Promise<Duplex> => {
        if (dials++ > 0) throw new Error('out of reach');
        return near;
      };
      return { kind: 'job', name: 'agent', node: '', image: '', dial, stop: async () => {} };
    };
    return { source: { start }, sessions: () => sessions };
  }

  it('is left: its tunnel does not live on beside the next one', async () => {
    const { source, sessions } = mute(() => {
      throw new Error('no network interfaces');
    });
    const keeper = new AgentKeeper(source, { changed() {}, gone() {}, restarted() {} });
    await assert.rejects(keeper.start(() => {}, new AbortController().signal));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(sessions(), 0);
  });

  it('is not waited for by who ends the session', async () => {
    const asked = Promise.withResolvers<void>();
    const { source } = mute((transport) => {
      transport.destroy();
      asked.resolve();
      return INFO;
    });
    const keeper = new AgentKeeper(source, { changed() {}, gone() {}, restarted() {} });
    const started = assert.rejects(keeper.start(() => {}, new AbortController().signal));
    await asked.promise;
    const before = performance.now();
    await keeper.close();
    assert.ok(performance.now() - before < 1_000);
    await started;
  });
});

describe('a pause between two attempts', () => {
  const never = new AbortController().signal;

  it('is cut short by whoever knows that the path has changed', async () => {
    const pauses = new Pauses();
    const start = performance.now();
    const waited = pauses.wait(60_000, never);
    pauses.cut();
    await waited;
    assert.ok(performance.now() - start < 5_000);
    pauses.cut();
  });

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const waited = new Pauses().wait(60_000, stop.signal);
    stop.abort(new Error('closing'));
    await assert.rejects(waited, /closing/);
  });
});
