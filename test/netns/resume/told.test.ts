import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { DEVELOPER } from '../../../scripts/sandbox/addresses.ts';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import type { Sandbox } from '../../../scripts/sandbox/index.ts';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { mirrord, poll, up } from '../support/session.ts';
import { EVERY_KIND, OpenConnections } from './support/open-connections.ts';
import type { Connection } from './support/open-connections.ts';
import { partsOf } from './support/session-parts.ts';
import type { Parts } from './support/session-parts.ts';

type Part = keyof Parts;

const LINE_MS = 10_000;

const PARTS = ['host', 'session', 'guard', 'monitor', 'agent'] as const;
/** In a range that the session routes, but reached before it, by the machine's own way. */
const OWN_WAY: Connection = ['own way', 'tcp', '10.96.200.1', 7];

describe('programs with open connections', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  let untouched: string;
  before(async () => {
    sandbox = await createSandbox();
    const { internet } = sandbox;
    await internet.run('ip', ['address', 'add', '10.96.200.1/32', 'dev', 'lo']);
    internet.start('socat', ['TCP-LISTEN:7,bind=10.96.200.1,fork,reuseaddr', 'PIPE']);
    await poll(
      async () => (await sandbox.developer.run('socat', ['-u', '/dev/null', 'TCP:10.96.200.1:7'])).code === 0,
      'the machine has a way of its own',
      LINE_MS,
    );
    untouched = await machineState(sandbox.developer);
  });
  after(() => sandbox?.close());

  /** Opens them in a session, ends it by `end`, and looks whether each was told, and whether the others live. */
  async function ends(what: string, connections: readonly Connection[], end: () => Promise<unknown>): Promise<void> {
    const own = await OpenConnections.open(sandbox, [OWN_WAY]);
    const session = await up(sandbox).ready();
    const open = await OpenConnections.open(sandbox, connections);
    try {
      const since = Date.now();
      await Promise.all([end(), open.areTold(since, what)]);
      await session.ended;
      await own.areAlive(what);
      await isAsBefore(what);
    } finally {
      open.close();
      own.close();
    }
  }

  async function isAsBefore(what: string): Promise<void> {
    let now = '';
    await poll(
      async () => (now = await machineState(sandbox.developer)) === untouched,
      `${what}: as before`,
      LINE_MS,
      () => difference(untouched, now),
    );
  }

  /** One after the other, a moment apart. */
  async function kill(victims: readonly Part[], pauseMs = 0): Promise<void> {
    const parts = partsOf(sandbox);
    for (const victim of victims) {
      const pid = parts[victim];
      assert.ok(pid !== undefined, `there is no ${victim}`);
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        // The end of the one before has ended it.
        assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
      }
      await delay(pauseMs);
    }
  }

  /** Kills them in a session with open connections, which lives on, and with it those that they did not carry. */
  async function survives(what: string, victims: readonly Part[], pauseMs: number): Promise<void> {
    const session = await up(sandbox).ready();
    const flows = EVERY_KIND.filter(([, kind]) => kind === 'tcp');
    const open = await OpenConnections.open(sandbox, flows);
    try {
      const since = Date.now();
      await kill(victims, pauseMs);
      if (victims.includes('agent')) await open.areTold(since, what);
      else await open.areAlive(what);
      assert.equal((await mirrord(sandbox, ['down'])).code, 0);
      await session.ended;
      await isAsBefore(what);
    } finally {
      open.close();
    }
  }

  const bound: Connection[] = EVERY_KIND.filter(([, kind]) => kind === 'tcp').map(([name, kind, address, port]) => [
    `${name} bound`,
    kind,
    address,
    port,
    address.includes(':') ? DEVELOPER.v6 : DEVELOPER.v4,
  ]);

  it('are told of down', () => ends('down', [...EVERY_KIND, ...bound], () => mirrord(sandbox, ['down'])));

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`are told of ${signal}`, () =>
      ends(signal, [...EVERY_KIND, ...bound], () => {
        process.kill(partsOf(sandbox).host ?? 0, signal);
        return Promise.resolve();
      }));
  }

  for (const [number, victims] of subsets(PARTS).entries()) {
    // Every part is the first once, and they die both at once and one by one.
    const order = victims.map((_, index) => victims[(index + number) % victims.length] ?? 'host');
    const pauseMs = number % 2 === 0 ? 0 : 30;
    const what = order.join(', ');
    if (!victims.includes('host') && !victims.includes('session')) {
      it(`are told of what carried them when these are killed: ${what}`, () => survives(what, order, pauseMs));
      continue;
    }
    it(`are told when these are killed: ${what}`, () =>
      ends(what, [...EVERY_KIND, ...bound], async () => {
        await kill(order, pauseMs);
        // Nobody is left to do it: the next command does.
        if (!victims.includes('host') || !victims.includes('guard')) return;
        const { code, stderr } = await mirrord(sandbox, ['down'], 'sudo');
        assert.equal(code, 0, stderr);
      }));
  }
});

/** All that have at least one. */
function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length - 1 }, (_, mask) => all.filter((_one, bit) => ((mask + 1) >> bit) & 1));
}
