import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import type { Session } from '../../../scripts/sandbox/session.ts';
import { USER_ID, partsOf } from '../resume/support/session-parts.ts';
import { waitingAt } from '../support/control-socket.ts';
import { mirrord, poll, up, useSandbox } from '../support/session.ts';

/** The same command for a session that is on its way. */
describe('mirrord up, of a session that', function () {
  this.timeout(60_000);
  const world = useSandbox();

  /** Stops the session process as soon as it listens, and has another one hold what it needs to go on. */
  async function heldInItsStart(): Promise<{ session: Session; release: () => void }> {
    const { developer } = world.sandbox;
    const session = up(world.sandbox);
    await poll(async () => (await waitingAt(world.sandbox)) !== undefined, 'it listens');
    const pid = partsOf(world.sandbox).session ?? 0;
    process.kill(pid, 'SIGSTOP');
    const holder = developer.start('flock', ['/run/mirrord/.flock', 'sh', '-c', 'echo held; cat']);
    await once(holder.stdout, 'data');
    process.kill(pid, 'SIGCONT');
    return { session, release: () => holder.stdin.end() };
  }

  /** It has compared the settings: from there on it is the user. */
  const isTheUser = (process: Session): boolean =>
    new RegExp(`^Uid:\\t${USER_ID}\\t`, 'm').test(readFileSync(`/proc/${process.child.pid}/status`, 'utf8'));

  it('is starting waits until that is ready', async () => {
    const { session, release } = await heldInItsStart();
    const second = up(world.sandbox, { args: ['--detach'] });
    const wasReady = second.ended.then(() => session.output.includes('Ready.'));
    await poll(() => second.child.exitCode !== null || isTheUser(second), 'it has been recognized', 15_000);
    release();
    assert.equal(await wasReady, true, second.output);
    assert.equal((await second.ended).code, 0, second.output);
    assert.match(second.output, /^session 'default' is already up/);
    await session.end();
  });

  it('is starting fails when that ends before it is ready', async () => {
    const { session, release } = await heldInItsStart();
    const second = up(world.sandbox);
    await poll(() => second.child.exitCode !== null || isTheUser(second), 'it has been recognized', 15_000);
    session.child.kill('SIGINT');
    release();
    assert.equal((await second.ended).code, 1, second.output);
    assert.match(second.output, /^Error: Session 'default' ended before it was ready\.$/m);
    assert.equal((await session.ended).code, 130);
  });

  it('is ending starts another one', async () => {
    const { developer } = world.sandbox;
    const before = await machineState(developer);
    const first = await up(world.sandbox).ready();
    const pid = partsOf(world.sandbox).session ?? 0;
    process.kill(pid, 'SIGSTOP');
    first.child.kill('SIGINT');
    const second = up(world.sandbox);
    await poll(async () => Number(await waitingAt(world.sandbox)) > 0, 'it has asked');
    process.kill(pid, 'SIGCONT');
    await second.ready();
    assert.equal((await first.ended).code, 0, first.output);
    assert.equal((await mirrord(world.sandbox, ['down'])).code, 0);
    await second.ended;
    assert.equal(difference(before, await machineState(developer)), '');
  });
});
