import assert from 'node:assert/strict';
import { DEVELOPER } from '../../../scripts/sandbox/addresses.ts';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import type { Sandbox } from '../../../scripts/sandbox/index.ts';
import { mirrord, poll, up } from '../support/session.ts';
import { EVERY_KIND, OpenConnections } from './support/open-connections.ts';
import type { Connection } from './support/open-connections.ts';
import { partsOf } from './support/session-parts.ts';
import type { Parts } from './support/session-parts.ts';

const LINE_MS = 10_000;
/** In a range that the session routes, but reached before it, by the machine's own way. */
const OWN_WAY: Connection = ['own way', 'tcp', '10.96.200.1', 7];

describe('programs with open connections', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
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
      await mirrord(sandbox, ['down'], 'sudo');
      await own.areAlive(what);
    } finally {
      open.close();
      own.close();
    }
  }

  const bound: Connection[] = EVERY_KIND.filter(([, kind]) => kind === 'tcp').map(([name, kind, address, port]) => [
    `${name} bound`,
    kind,
    address,
    port,
    address.includes(':') ? DEVELOPER.v6 : DEVELOPER.v4,
  ]);

  const kill = (...victims: (keyof Parts)[]): Promise<void> => {
    const parts = partsOf(sandbox);
    for (const victim of victims) {
      const pid = parts[victim];
      assert.ok(pid !== undefined, `there is no ${victim}`);
      process.kill(pid, 'SIGKILL');
    }
    return Promise.resolve();
  };

  it('are told of down', () => ends('down', [...EVERY_KIND, ...bound], () => mirrord(sandbox, ['down'])));

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`are told of ${signal}`, () =>
      ends(signal, [...EVERY_KIND, ...bound], () => {
        process.kill(partsOf(sandbox).host ?? 0, signal);
        return Promise.resolve();
      }));
  }

  for (const victims of [
    ['host'],
    ['session'],
    ['host', 'session'],
    ['session', 'guard'],
    ['host', 'agent'],
  ] as const) {
    it(`are told when ${victims.join(' and ')} are killed`, () =>
      ends(victims.join(' and '), EVERY_KIND, () => kill(...victims)));
  }

  it('are told by the next down when all of it was killed', () =>
    ends('all', EVERY_KIND, async () => {
      await kill('host', 'session', 'guard', 'agent');
      const { code, stderr } = await mirrord(sandbox, ['down'], 'sudo');
      assert.equal(code, 0, stderr);
    }));
});
