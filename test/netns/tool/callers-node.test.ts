import assert from 'node:assert/strict';
import { statuses, useSandbox } from '../support/session.ts';
import { Session } from '../../../scripts/sandbox/session.ts';

/** Each would end a Node that obeyed it, or make it talk. */
const LEFT_BEHIND = [
  'NODE_OPTIONS=--require=/nonexistent',
  'NODE_PATH=/nonexistent',
  'NODE_DEBUG=*',
  'NODE_TLS_REJECT_UNAUTHORIZED=0',
  'OPENSSL_CONF=/etc/passwd',
  'UV_THREADPOOL_SIZE=3',
] as const;

describe('what a caller has set for a Node of their own', () => {
  const world = useSandbox();
  const called = (...args: string[]) => [
    ...LEFT_BEHIND,
    'NODE_EXTRA_CA_CERTS=/etc/passwd',
    world.sandbox.mirrord,
    ...args,
  ];

  it('neither breaks nor reaches host, session and agent, and exec hands it on', async () => {
    const { developer, target } = world.sandbox;
    const up = new Session(developer.start('env', called('up', '-v', '-t', `netns/${target}`), { as: 'sudo' }));
    try {
      await up.ready();
      assert.doesNotMatch(up.output, /NODE_TLS_REJECT_UNAUTHORIZED|MODULE \d+/);
      assert.equal((await statuses(world.sandbox)).length, 1);
      const exec = await developer.run('env', called('exec', '--', 'env'), { as: 'developer' });
      assert.equal(exec.code, 0, exec.stderr);
      const seen = exec.stdout.split('\n');
      for (const assignment of LEFT_BEHIND) assert.ok(seen.includes(assignment), assignment);
      assert.ok(seen.includes('NODE_EXTRA_CA_CERTS=/etc/passwd'));
      assert.deepEqual(
        seen.filter((line) => line.startsWith('MIRRORD_')),
        [],
      );
    } finally {
      await up.end();
    }
  });

  it('nor the process behind --detach', async () => {
    const { developer, target } = world.sandbox;
    const started = await developer.run('env', called('up', '--detach', '-t', `netns/${target}`), { as: 'sudo' });
    assert.equal(started.code, 0, started.stderr);
    const ended = await developer.run('env', called('down'), { as: 'developer' });
    assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "session 'default' is down\n", '']);
  });
});
