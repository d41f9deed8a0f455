import assert from 'node:assert/strict';
import { once } from 'node:events';
import { parseAllDocuments } from 'yaml';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import type { SessionStatus } from '../../../src/control/answers.ts';
import { partsOf } from '../resume/support/session-parts.ts';
import { waitingAt } from '../support/control-socket.ts';
import { folderOf } from '../support/session-place.ts';
import { mirrord, poll, statuses, useSandbox } from '../support/session.ts';

/** What a script goes on with. */
type Ready = Pick<SessionStatus, 'routes' | 'dns' | 'log'> & { readonly session: unknown };

describe('mirrord up --detach', () => {
  const world = useSandbox();

  it('returns when ready, goes on in the background, and ends by down', async () => {
    const before = await machineState(world.sandbox.developer);
    const { code, stdout, stderr } = await mirrord(
      world.sandbox,
      ['up', '--detach', '-t', `netns/${world.sandbox.target}`],
      'sudo',
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Ready\. .* To stop: \S*mirrord down$/m);
    const { stdout: page } = await world.sandbox.developer.run('curl', ['-sS', 'http://payment-service:8080/']);
    assert.match(page, /^payment-service at/);
    assert.equal((await statuses(world.sandbox))[0]?.state, 'ready');
    assert.equal((await mirrord(world.sandbox, ['down'])).code, 0);
    await poll(async () => (await machineState(world.sandbox.developer)) === before, 'the machine is as before');
  });

  it('tells YAML on the way, when asked', async () => {
    const args = ['up', '--detach', '-o', 'yaml', '-t', `netns/${world.sandbox.target}`];
    const { code, stdout, stderr } = await mirrord(world.sandbox, args, 'sudo');
    assert.equal(code, 0, stderr);
    const events = parseAllDocuments(stdout).map((document) => document.toJS() as Record<string, unknown>);
    assert.ok(events.length > 2, stdout);
    const [status] = await statuses(world.sandbox);
    const again = await mirrord(
      world.sandbox,
      [...args.filter((word) => word !== '-o' && word !== 'yaml'), '--json'],
      'sudo',
    );
    for (const ready of [events.at(-1)?.['ready'], (JSON.parse(again.stdout) as { ready: unknown }).ready] as Ready[]) {
      assert.deepEqual(ready.session, { name: 'default', pid: status?.pid });
      assert.deepEqual([ready.routes, ready.dns, ready.log], [status?.routes, status?.dns, status?.log]);
    }
    assert.equal(
      (await mirrord(world.sandbox, ['down', '-o', 'yaml'])).stdout,
      'ended:\n  - default\nremoved: []\nremains: []\n',
    );
  });

  it('is not needed under nohup, which keeps it through the end of the terminal', async () => {
    const { developer, mirrord: program, target } = world.sandbox;
    const line = `
      "$0" up -t "$1" &
      until "$0" status --json | grep -q '"state":"ready"'; do sleep 0.1; done
      kill -HUP $!
      sleep 1
      "$0" status --json
      "$0" down
      wait $!
    `;
    const { code, stdout } = await developer.run('nohup', ['sh', '-c', line, program, `netns/${target}`], {
      as: 'sudo',
    });
    assert.match(stdout, /"state":"ready"/);
    assert.match(stdout, /session 'default' is down/);
    assert.equal(code, 0);
  });

  it('ends with its starter when that is broken off', async () => {
    const { developer, developerPid, mirrord: path, target } = world.sandbox;
    const before = await machineState(developer);
    const child = developer.start(path, ['up', '--detach', '-t', `netns/${target}`], { as: 'sudo' });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const claimed = async () => (await developer.run('test', ['-d', folderOf(developerPid)])).code === 0;
    await poll(claimed, 'the start has begun');
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 130, said);
    assert.match(said, /^Error: Interrupted; all changes have been undone\./);
    assert.equal(difference(before, await machineState(developer)), '');
  });

  it('says so when it is ended by down before it was ready', async () => {
    const { developer, mirrord: path, target } = world.sandbox;
    const child = developer.start(path, ['up', '--detach', '-t', `netns/${target}`], { as: 'sudo' });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
    const closed = once(child, 'close');
    await poll(async () => (await waitingAt(world.sandbox)) !== undefined, 'the start has begun');
    // Held until it has been asked, so that it cannot become ready before.
    const { session } = partsOf(world.sandbox);
    process.kill(session ?? 0, 'SIGSTOP');
    const down = mirrord(world.sandbox, ['down'], 'sudo');
    await poll(async () => Number(await waitingAt(world.sandbox)) > 0, 'down has asked');
    process.kill(session ?? 0, 'SIGCONT');
    const [[code]] = await Promise.all([closed, down]);
    assert.equal(code, 0, said);
    assert.match(said, /Ended by mirrord down\.\n$/);
  });

  it('tells the failure of the background process as its own', async () => {
    const { code, stderr } = await mirrord(world.sandbox, ['up', '--detach', '-t', 'netns/no-such'], 'sudo');
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^Error: .*no-such/);
  });
});
