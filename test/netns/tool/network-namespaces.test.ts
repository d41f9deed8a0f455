import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { must, run } from '../../../scripts/sandbox/command.ts';
import type { Outcome } from '../../../scripts/sandbox/index.ts';
import { namespaceName } from '../../../scripts/sandbox/leftovers.ts';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { mirrord, poll, statuses, up, useSandbox } from '../support/session.ts';

describe('sessions of two network namespaces that share /run', function () {
  this.timeout(60_000);
  const world = useSandbox();
  const elsewhere = (): string => namespaceName(world.sandbox.id, 'elsewhere');

  before(async () => {
    await must('ip', ['netns', 'add', elsewhere()]);
    await must('ip', ['-n', elsewhere(), 'link', 'set', 'lo', 'up']);
  });

  const there = (...args: string[]): Promise<Outcome> => {
    const enter = ['--target', String(world.sandbox.developerPid), '--mount', `--net=/run/netns/${elsewhere()}`];
    return run('nsenter', [...enter, '--', 'env', 'SUDO_UID=4242', 'SUDO_GID=4242', world.sandbox.mirrord, ...args]);
  };
  const upThere = async (): Promise<void> => {
    const { code, stdout, stderr } = await there('up', '--detach', '--dns=off', '-t', `netns/${world.sandbox.target}`);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Ready\./m);
  };
  const linesOf = async (command: Promise<Outcome>): Promise<readonly string[]> => {
    const { code, stdout, stderr } = await command;
    assert.equal(code, 0, stderr);
    return stdout.split('\n').filter((line) => /^\w/.test(line));
  };

  it('do without each other: the same name, the same ranges, each seen and ended where it is', async () => {
    const { developer } = world.sandbox;
    const before = await machineState(developer);
    const here = await up(world.sandbox).ready();
    await upThere();
    assert.equal((await statuses(world.sandbox)).length, 1);
    assert.equal((await linesOf(there('status'))).length, 1);
    const page = await developer.run('curl', ['-sS', '-m', '5', 'http://payment-service:8080/'], { as: 'developer' });
    assert.match(page.stdout, /^payment-service at/, page.stderr);
    assert.deepEqual(await linesOf(there('down')), ["session 'default' is down"]);
    assert.deepEqual(await linesOf(there('status')), ['not running']);
    assert.equal((await statuses(world.sandbox))[0]?.state, 'ready');
    await upThere();
    assert.deepEqual(await linesOf(mirrord(world.sandbox, ['down', '--all'])), ["session 'default' is down"]);
    await here.ended;
    assert.deepEqual(await linesOf(mirrord(world.sandbox, ['down'])), ['not running']);
    assert.match((await mirrord(world.sandbox, ['exec', 'true'])).stderr, /^Error: No session 'default' is up/);
    assert.match((await linesOf(there('status'))).join(), /^default: ready/);
    await there('down');
    assert.equal(difference(before, await machineState(developer)), '');
  });

  it('are all shown, and ended, with --all-namespaces', async () => {
    const { developer } = world.sandbox;
    const before = await machineState(developer);
    await upThere();
    const { code, stdout } = await mirrord(world.sandbox, ['status', '--all-namespaces']);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^default: ready \(pid \d+, user developer\)\n {2}network {4}another network namespace, net:\[\d+\]\n/,
    );
    const ended = await linesOf(mirrord(world.sandbox, ['down', '--all-namespaces']));
    assert.match(ended.join(), /^session 'default' of another network namespace \(net:\[\d+\]\) is down$/);
    assert.equal(difference(before, await machineState(developer)), '');
  });

  it('are not restored by each other, but where their namespace has ended', async () => {
    const { developer } = world.sandbox;
    const before = await machineState(developer);
    await upThere();
    const inside = (await must('ip', ['netns', 'pids', elsewhere()])).trim().split('\n');
    const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', `--net=/run/netns/${elsewhere()}`, 'cat']);
    // All at once: nobody is left to restore.
    for (const pid of inside) process.kill(Number(pid), 'SIGKILL');
    const first = await up(world.sandbox).ready();
    assert.doesNotMatch(first.output, /restored/);
    await first.end();
    assert.notEqual(difference(before, await machineState(developer)), '');
    holder.kill();
    await once(holder, 'exit');
    await must('ip', ['netns', 'delete', elsewhere()]);
    const second = up(world.sandbox);
    await poll(() => second.output.includes('undid the changes that session default left'), 'it is restored');
    await (await second.ready()).end();
    assert.equal(difference(before, await machineState(developer)), '');
  });
});
