import assert from 'node:assert/strict';
import { mirrord, statuses, up, useSession } from '../support/session.ts';
import { createSandbox } from '../../../scripts/sandbox/index.ts';

describe('mirrord up, more than once', () => {
  const world = useSession();

  it('a second up of the same name says that it is up', async () => {
    const { code, stdout } = await mirrord(world.sandbox, ['up', '-t', `netns/${world.sandbox.target}`], 'sudo');
    assert.equal(code, 0);
    assert.match(stdout, /^session 'default' is already up/);
  });

  it('another name on the same ranges is refused with both names', async () => {
    const { code, stderr } = await mirrord(
      world.sandbox,
      ['up', '--name', 'second', '-t', `netns/${world.sandbox.target}`],
      'sudo',
    );
    assert.equal(code, 6, stderr);
    assert.match(stderr, /default/);
    assert.match(stderr, /second/);
    assert.equal((await statuses(world.sandbox)).length, 1);
  });

  it('two names are up side by side on ranges that do not overlap', async () => {
    const taken = ['10.96.0.0/16', '10.244.0.0/16', 'fd00:10:96::/112', 'fd00:10:244::/64'];
    const excluded = taken.flatMap((range) => ['--exclude-route', range]);
    const args = ['--name', 'second', ...excluded, '--include-route', '192.168.77.0/24', '--dns', 'off'];
    const second = await up(world.sandbox, { args }).ready();
    assert.deepEqual(
      (await statuses(world.sandbox)).map(({ name }) => name),
      ['default', 'second'],
    );
    assert.equal((await second.end()).code, 130);
    assert.deepEqual(
      (await statuses(world.sandbox)).map(({ name }) => name),
      ['default'],
    );
  });

  it('sandboxes do not see each other', async () => {
    const other = await createSandbox();
    try {
      assert.deepEqual(await statuses(other), []);
    } finally {
      await other.close();
    }
  });
});
