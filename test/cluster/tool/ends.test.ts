import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { kubectl, leftovers } from '../kube/support/cluster.ts';
import { poll } from '../../netns/support/session.ts';
import { statuses, useDeveloper } from '../support/session.ts';

const GONE_MS = 10_000;

describe('mirrord up on Kubernetes, afterwards', () => {
  const world = useDeveloper();
  let untouched: string;
  const args = (...more: string[]): string[] => ['-n', world.objects.away, ...more];

  before(async () => {
    untouched = await machineState(world.developer.machine);
  });

  async function nothingIsLeft(): Promise<void> {
    await poll(
      () => leftovers(world.objects.away).length === 0,
      'Job and pod are gone',
      GONE_MS,
      () => leftovers(world.objects.away).join(' '),
    );
    let now = '';
    await poll(
      async () => (now = await machineState(world.developer.machine)) === untouched,
      'the machine is as before',
      GONE_MS,
      () => difference(untouched, now),
    );
  }

  it('nothing is left after down', async () => {
    const session = await world.developer.up(args()).ready();
    assert.notEqual(leftovers(world.objects.away).length, 0);
    assert.equal((await world.developer.mirrordRun(['down'])).stdout, "session 'default' is down\n");
    assert.equal((await session.ended).code, 0);
    await nothingIsLeft();
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`nothing is left after ${signal}`, async () => {
      const session = await world.developer.up(args()).ready();
      assert.equal((await session.end(signal)).code, 0);
      assert.match(session.output, /^Stopped\. Everything is as it was before\.$/m);
      await nothingIsLeft();
    });
  }

  // What `--json` tells first of each step.
  const moments: readonly [string, RegExp][] = [
    ['the cluster has answered', /"step":"cluster"/],
    ['the Job has been created', /job\/mirrord-agent-\w+ created/],
    ['the pod runs', /on node \S+, running/],
    ['the agent is ready', /"step":"agent","state":"done"/],
    ['the routes are there', /"step":"routes","state":"done"/],
  ];
  for (const [moment, output] of moments) {
    it(`nothing is left after Ctrl-C as soon as ${moment}`, async () => {
      const session = world.developer.up(args('--json'));
      await poll(
        () => output.test(session.output),
        moment,
        30_000,
        () => session.output,
      );
      const { code } = await session.end('SIGINT');
      assert.equal(code, 130, session.output);
      assert.match(session.output, /"code":"interrupted"/);
      await nothingIsLeft();
    });
  }

  for (const milliseconds of [300, 600, 900, 1200]) {
    it(`nothing is left after Ctrl-C ${milliseconds} ms after the start`, async () => {
      const session = world.developer.up(args());
      await delay(milliseconds);
      const { code, signal } = await session.end('SIGINT');
      // Before its handlers stand, the signal ends the process by itself.
      const isReady = /^Ready\./m.test(session.output);
      assert.ok(code === (isReady ? 0 : 130) || signal === 'SIGINT', `${code} ${signal}\n${session.output}`);
      await nothingIsLeft();
    });
  }

  it('the machine is as before after kill -9 of the session process', async () => {
    const session = await world.developer.up(args()).ready();
    const [status] = await statuses(world.developer);
    process.kill(status?.pid ?? 0, 'SIGKILL');
    const { code } = await session.ended;
    assert.equal(code, 1, session.output);
    assert.match(session.output, /ended unexpectedly \(SIGKILL\)/);
    assert.equal(await machineState(world.developer.machine), untouched);
    // Its Job is left to end by itself (vanished-client.test.ts), which the next test shall not wait for.
    kubectl(['delete', status?.agent?.name ?? '', '-n', world.objects.away]);
  });

  it('the machine is as before after kill -9 of the root process, and the Job is deleted', async () => {
    const session = await world.developer.up(args()).ready();
    const [status] = await statuses(world.developer);
    await session.end('SIGKILL');
    await poll(() => !existsSync(`/proc/${status?.pid}`), 'the session process has ended, too', GONE_MS);
    await nothingIsLeft();
  });
});
