import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { folderOf } from '../support/session-place.ts';
import { mirrord, poll, statuses, up, useSandbox } from '../support/session.ts';
import { machineState } from '../../../scripts/sandbox/machine-state.ts';

describe('mirrord up, the machine afterwards', () => {
  const world = useSandbox();
  const modes = ['nftables', 'resolv.conf'] as const;

  it('is compared by what a session may change, and not by what others do meanwhile', async () => {
    const { developer } = world.sandbox;
    const before = await machineState(developer);
    // A package that is installed.
    const line = 'mkdir /etc/new.d && echo x > /etc/new.conf && echo "shadow: files" >> /etc/nsswitch.conf';
    assert.equal((await developer.run('sh', ['-c', line], { as: 'root' })).code, 0);
    assert.equal(await machineState(developer), before);
    for (const trace of ['/etc/resolv.conf.mirrord-1', '/run/mirrord/x']) {
      await developer.run('sh', ['-c', `mkdir -p /run/mirrord; touch ${trace}`], { as: 'root' });
      assert.notEqual(await machineState(developer), before);
      await developer.run('rm', ['-r', trace], { as: 'root' });
    }
    await developer.run('sh', ['-c', 'rmdir /run/mirrord || true'], { as: 'root' });
    assert.equal(await machineState(developer), before);
  });

  for (const dns of modes) {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      it(`is as before after ${signal} (${dns})`, async () => {
        const before = await machineState(world.sandbox.developer);
        const session = await up(world.sandbox, { args: ['--dns', dns] }).ready();
        assert.notEqual(await machineState(world.sandbox.developer), before);
        assert.equal((await session.end(signal)).code, 0);
        assert.match(session.output, /\nReady[^]*\n  log .*\nStopped\. Everything is as it was before\.\n$/);
        assert.equal(await machineState(world.sandbox.developer), before);
      });
    }

    it(`is as before after down (${dns})`, async () => {
      const before = await machineState(world.sandbox.developer);
      const session = await up(world.sandbox, { args: ['--dns', dns] }).ready();
      const { code, stdout, stderr } = await mirrord(world.sandbox, ['down']);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "session 'default' is down\n");
      assert.equal(await machineState(world.sandbox.developer), before);
      assert.equal((await session.ended).code, 0);
      assert.match(session.output, /\nReady[^]*\n  log .*\nEnded by mirrord down\.\n$/, 'and no loss of anything');
    });

    it(`is as before when the session process is killed (${dns})`, async () => {
      const before = await machineState(world.sandbox.developer);
      const session = await up(world.sandbox, { args: ['--dns', dns] }).ready();
      const [status] = await statuses(world.sandbox);
      assert.ok(status);
      process.kill(status.pid, 'SIGKILL');
      await session.ended;
      assert.equal(await machineState(world.sandbox.developer), before);
    });

    it(`is as before when the host process is killed (${dns})`, async () => {
      const before = await machineState(world.sandbox.developer);
      const session = await up(world.sandbox, { args: ['--dns', dns] }).ready();
      const [status] = await statuses(world.sandbox);
      await session.end('SIGKILL');
      await poll(() => !existsSync(`/proc/${status?.pid}`), 'the session process has ended, too');
      let now = '';
      await poll(
        async () => (now = await machineState(world.sandbox.developer)) === before,
        'the survivor has put the machine back',
        5_000,
        () => `${now}\nbefore:\n${before}`,
      );
    });
  }

  it('is as before after an interrupt in the middle of the start', async () => {
    const before = await machineState(world.sandbox.developer);
    for (const milliseconds of [50, 150, 250, 400]) {
      const session = up(world.sandbox);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      const { code, signal } = await session.end('SIGTERM');
      // Before its handlers stand, the signal ends the process by itself, and there is nothing to take back.
      assert.ok(code === 143 || signal === 'SIGTERM', `${code} ${signal}\n${session.output}`);
      if (code !== null) assert.match(session.output, /^Error: Terminated; all changes have been undone\.$/m);
      await poll(async () => (await machineState(world.sandbox.developer)) === before, `as before, ${milliseconds} ms`);
    }
  });

  it('is as before when somebody deletes the interface, which ends the session', async () => {
    const { developer } = world.sandbox;
    const before = await machineState(developer);
    const session = await up(world.sandbox).ready();
    await developer.run('ip', ['link', 'delete', 'mirrord0']);
    assert.equal((await session.ended).code, 6);
    assert.match(session.output, /The interface mirrord0 is gone/);
    assert.equal(await machineState(developer), before);
  });

  it('is as before after down in the middle of the start, which tells the truth', async () => {
    const { developerPid } = world.sandbox;
    const before = await machineState(world.sandbox.developer);
    for (const as of ['developer', 'sudo'] as const) {
      const session = up(world.sandbox);
      await poll(() => existsSync(`/proc/${developerPid}/root${folderOf(developerPid)}/session`), 'it has begun');
      const { code, stdout, stderr } = await mirrord(world.sandbox, ['down'], as);
      assert.deepEqual([code, stdout], [0, "session 'default' is down\n"], stderr);
      assert.equal((await session.ended).code, 0, session.output);
      assert.equal(await machineState(world.sandbox.developer), before);
    }
  });

  it('is as before where the native helper is missing', async () => {
    const { developer, mirrord: program, target } = world.sandbox;
    const folder = '/run/checkout/native-helpers/build';
    const before = await machineState(developer);
    await developer.run('mount', ['-t', 'tmpfs', 'missing', folder]);
    const { code, stderr } = await developer.run(program, ['up', '-t', `netns/${target}`], { as: 'sudo' });
    await developer.run('umount', [folder]);
    assert.equal(code, 6, stderr);
    assert.match(stderr, /^Error: The native helper .* has not been built\.$/m);
    assert.equal(await machineState(developer), before);
  });

  it('is not said to be when a session does not end', async () => {
    const session = await up(world.sandbox).ready();
    const [status] = await statuses(world.sandbox);
    assert.ok(status);
    session.child.kill('SIGSTOP');
    const [user, root] = await Promise.all(
      (['developer', 'sudo'] as const).map((as) => mirrord(world.sandbox, ['down'], as)),
    );
    session.child.kill('SIGCONT');
    assert.deepEqual([user?.code, user?.stdout], [3, '']);
    assert.deepEqual([root?.code, root?.stdout], [1, '']);
    assert.match(root?.stderr ?? '', /Session 'default' is still running and does not end/);
    await session.ended;
  }).timeout(60_000);

  it('down without a session says so', async () => {
    for (const args of [['down'], ['down', '--name', 'other'], ['down', '--all']]) {
      assert.deepEqual(await mirrord(world.sandbox, args), {
        code: 0,
        signal: null,
        stdout: 'not running\n',
        stderr: '',
      });
    }
  });
});
