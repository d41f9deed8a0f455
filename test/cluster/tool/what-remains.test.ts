import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { kubectl, leftovers } from '../kube/support/cluster.ts';
import { poll } from '../../netns/support/session.ts';
import { statuses, useDeveloper } from '../support/session.ts';

const GONE_MS = 10_000;
/** Of each impatience; it was one of three that left a Job behind. */
const ROUNDS = 4;
/** In front of the developer machine's every packet. */
const CUT = 'table inet away { chain out { type filter hook output priority -300; oif != "lo" drop; }; }';

describe('what a session has in the cluster when it ends', function () {
  this.timeout(120_000);
  const world = useDeveloper();
  let said = '';
  const args = (): string[] => ['-n', world.objects.away];

  async function nothingIsLeft(): Promise<void> {
    const left = (): string[] => leftovers(world.objects.away);
    await poll(
      () => left().length === 0,
      'Job and pod are gone',
      GONE_MS,
      () => left().join(' '),
    );
  }

  it('goes also after two quick Ctrl-Cs', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const session = await world.developer.up(args()).ready();
      session.child.kill('SIGINT');
      await delay(round * 20);
      assert.equal((await session.end('SIGINT')).code, 0, session.output);
      assert.match(session.output, /^Stopped\. Everything is as it was before\.$/m);
      await nothingIsLeft();
    }
  });

  it('goes also with `timeout`, which sends the signal to the whole process group', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const line = ['-s', 'INT', '8', world.developer.mirrord, 'up', ...args()];
      const session = await world.developer.start('timeout', line, { as: 'sudo' }).ready();
      await session.ended;
      assert.match(session.output, /^Stopped\. Everything is as it was before\.$/m);
      await nothingIsLeft();
    }
  });

  /** Ends the session while packets to the API server are dropped; resolves to the line that names its Job. */
  async function endAway(end: () => Promise<unknown>): Promise<string> {
    const [status] = await statuses(world.developer);
    const name = status?.agent?.name.replace('job/', '') ?? '';
    await world.developer.machine.run('nft', [CUT]);
    try {
      await end();
    } finally {
      await world.developer.machine.run('nft', ['delete', 'table', 'inet', 'away']);
    }
    kubectl(['delete', `job/${name}`, '-n', world.objects.away]);
    await nothingIsLeft();
    const job = `The agent's Job ${world.objects.away}/${name} could not be removed`;
    return `! ${job} (the API server does not answer). It ends by itself within 2 min.\n`;
  }

  it('is named when the API server does not answer, with the time that it still has', async () => {
    const session = await world.developer.up(args()).ready();
    const line = await endAway(async () => assert.equal((await session.end('SIGINT')).code, 0, session.output));
    assert.ok(session.output.endsWith(`${line}Stopped.\n`), session.output);
  });

  /** Of the ephemeral container of that name: `running`, `terminated`, ... */
  const stateOf = (name: string): string => {
    const path = `{.items[*].status.ephemeralContainerStatuses[?(@.name=="${name}")].state}`;
    const state = kubectl(['get', 'pods', '-n', world.objects.home, '-o', `jsonpath=${path}`]);
    return Object.keys(JSON.parse(state === '' ? '{}' : state) as object).join();
  };

  it('ends at once also in a target’s pod, as soon as it is there', async () => {
    const session = world.developer.up(['--json', '-n', world.objects.home, '-t', 'deployment/web']);
    let name: string | undefined;
    await poll(
      () => (name = /ephemeral container (mirrord-agent-\w+) added/.exec(session.output)?.[1]) !== undefined,
      'it is there',
      30_000,
      () => session.output,
    );
    assert.equal((await session.end('SIGINT')).code, 130, session.output);
    assert.match(session.output, /Interrupted; all changes have been undone\./);
    await poll(() => stateOf(name ?? '') === 'terminated', 'the agent has ended', 5_000);
  });

  it('is named in a target’s pod, too, when it cannot be reached', async () => {
    const session = await world.developer.up(['-n', world.objects.home, '-t', 'deployment/web']).ready();
    await world.developer.machine.run('nft', [CUT]);
    try {
      assert.equal((await session.end('SIGINT')).code, 0, session.output);
    } finally {
      await world.developer.machine.run('nft', ['delete', 'table', 'inet', 'away']);
    }
    const line = `! The agent mirrord-agent-\\w+ in pod ${world.objects.home}/web-\\S+ could not be removed \\(it could not be reached\\)`;
    assert.match(session.output, new RegExp(`^${line}\\. It ends by itself within 2 min\\.\\nStopped\\.$`, 'm'));
  });

  it('is named by `mirrord down`, too, of a session that nobody watches', async () => {
    const started = await world.developer.run(world.developer.mirrord, ['up', '--detach', ...args()], { as: 'sudo' });
    assert.equal(started.code, 0, started.stderr);
    const line = await endAway(async () => {
      const { code, stdout, stderr } = await world.developer.run(world.developer.mirrord, ['down']);
      assert.deepEqual([code, stdout], [0, "session 'default' is down\n"]);
      said = stderr;
    });
    assert.equal(said, line);
  });

  it('is named when the session process was killed', async () => {
    const session = await world.developer.up(args()).ready();
    const [status] = await statuses(world.developer);
    process.kill(status?.pid ?? 0, 'SIGKILL');
    await session.ended;
    const name = status?.agent?.name.replace('job/', '') ?? '';
    const job = `The agent's Job ${world.objects.away}/${name} could not be removed`;
    const rest = '(the session ended before it could). It ends by itself within 2 min.';
    assert.ok(session.output.includes(`! ${job} ${rest}\n`), session.output);
    kubectl(['delete', `job/${name}`, '-n', world.objects.away]);
    await nothingIsLeft();
  });
});
