import assert from 'node:assert/strict';
import { agentSocket } from '../resume/support/session-parts.ts';
import { BadPath } from '../resume/support/bad-path.ts';
import { loseConnection } from '../resume/support/session-parts.ts';
import { mirrord, poll, statuses, up, useSession } from '../support/session.ts';

const CLOCK = String.raw`\d\d:\d\d:\d\d`;
/** What `diagnose latency` may take to say that there is nobody to measure, with the start of a process. */
const AT_ONCE_MS = 4_000;

describe('mirrord up, while it runs', function () {
  this.timeout(60_000);
  const world = useSession();
  let path: BadPath;
  before(async () => {
    await loseConnection(world.sandbox, async () => {
      path = await BadPath.put(agentSocket(world.sandbox), 1);
    });
    path.isGood = true;
    await printed(/✔ \S+ reconnected/, 'the path has been changed');
  });
  after(() => path?.close());

  const printed = (words: RegExp, what: string): Promise<void> =>
    poll(
      () => words.test(world.session.output),
      what,
      20_000,
      () => world.session.output,
    );
  const waits = (seconds: number) =>
    mirrord(world.sandbox, ['status', '--wait', '--timeout', String(seconds), '--json']);

  it('says that the connection is lost, and that it is back; status and diagnose say the same meanwhile', async () => {
    const { target } = world.sandbox;
    const before = world.session.output.length;
    const said = (): string => world.session.output.slice(before);
    path.isHole = true;
    path.cutAll();
    await poll(() => said() !== '', 'it says so');
    assert.match(
      said(),
      new RegExp(
        `^! ${CLOCK} connection to netns/${target} lost: \\S.*; retrying, open connections are kept for 120 s\n$`,
      ),
    );

    const { stdout } = await mirrord(world.sandbox, ['status']);
    assert.match(stdout, /^default: reconnecting .*\n {2}connection lost \d+ s ago: \S.*; (next try in|trying again)/);

    const start = performance.now();
    const measured = await mirrord(world.sandbox, ['diagnose', 'latency']);
    assert.equal(measured.code, 4, measured.stderr);
    assert.match(measured.stderr, /^Error: The agent cannot be reached at the moment: \S/);
    assert.ok(performance.now() - start < AT_ONCE_MS, `it took ${performance.now() - start} ms`);

    const waited = await waits(1);
    assert.equal(waited.code, 4, waited.stderr);
    assert.match(waited.stderr, /is not ready after 1 s: the agent cannot be reached: /);

    const longer = waits(20);
    path.fill();
    const { code, stdout: answer } = await longer;
    assert.equal(code, 0);
    assert.match(answer, /"state":"ready"/);
    await poll(() => said().split('\n').length === 3, 'it says that it is back');
    assert.match(said(), new RegExp(`\n✔ ${CLOCK} reconnected after [\\d.]+ s; open connections went on\n$`));
  });

  it('does not wait for a session that there is not, and for one that starts', async () => {
    const { code, stderr } = await mirrord(world.sandbox, ['status', '--wait', '--timeout', '0', '--name', 'other']);
    assert.notEqual(code, 0);
    assert.match(stderr, /other/);
    assert.equal((await mirrord(world.sandbox, ['down'])).code, 0);
    const waiting = waits(30);
    await up(world.sandbox).ready();
    assert.equal((await waiting).code, 0);
    assert.equal((await statuses(world.sandbox))[0]?.state, 'ready');
  });

  it('tells programs with fields', async () => {
    assert.equal((await mirrord(world.sandbox, ['down'])).code, 0);
    const session = up(world.sandbox, { args: ['--json'] });
    const events = () =>
      session.output.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as object]));
    await poll(() => events().some((event) => 'ready' in event), 'it is ready', 20_000);
    let good: BadPath | undefined;
    await loseConnection(world.sandbox, async () => {
      good = await BadPath.put(agentSocket(world.sandbox), 1);
      good.isGood = true;
    });
    try {
      await poll(() => events().some((event) => 'reconnected' in event), 'it is back', 20_000);
      const [lost, back] = events().slice(-2) as Record<string, Record<string, unknown>>[];
      assert.deepEqual(Object.keys(lost?.['lost'] ?? {}), ['at', 'reason', 'kept_s']);
      assert.equal(lost?.['lost']?.['kept_s'], 120);
      assert.deepEqual(Object.keys(back?.['reconnected'] ?? {}), ['at', 'after_s', 'connections', 'agent']);
      assert.equal(back?.['reconnected']?.['connections'], 'kept');
    } finally {
      good?.close();
    }
  });
});
