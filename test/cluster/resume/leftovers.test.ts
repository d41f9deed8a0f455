import assert from 'node:assert/strict';
import { dropNamespace, leftovers, makeNamespace } from '../kube/support/cluster.ts';
import { useDeveloper, statuses } from '../support/session.ts';
import { poll } from '../../netns/support/session.ts';

describe('mirrord down --all', function () {
  this.timeout(90_000);
  const world = useDeveloper();
  let namespace = '';
  before(async () => {
    namespace = await makeNamespace();
  });
  after(() => dropNamespace(namespace));

  it('removes the agent of a session that was killed, and tells it', async () => {
    const session = await world.developer.up(['-n', namespace]).ready();
    const [status] = await statuses(world.developer);
    process.kill(status?.pid ?? 0, 'SIGKILL');
    await session.ended;
    const [job = ''] = leftovers(namespace);
    assert.match(job, /^job.batch\/mirrord-agent-/);
    const elsewhere = await world.developer.mirrordRun(['down', '--all', '--context', 'elsewhere']);
    assert.equal(elsewhere.code, 0);
    assert.match(elsewhere.stderr, /not searched .*No context "elsewhere"/);
    const { code, stdout, stderr } = await world.developer.mirrordRun([
      'down',
      '--all',
      '--context',
      'mirrord-cluster',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`removed ${namespace}/job/${job.replace(/^.*\//, '')}, left by a killed session`));
    await poll(() => leftovers(namespace).length === 0, 'Job and pod are gone', 20_000);
  });

  it('finds nothing afterwards, and is content without a cluster', async () => {
    const none = await world.developer.mirrordRun(['down', '--all']);
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, 'not running\n', '']);
    const alone = await world.developer.run('env', [
      'KUBECONFIG=/nonexistent',
      world.developer.mirrord,
      'down',
      '--all',
    ]);
    assert.equal(alone.code, 0, alone.stderr);
    assert.equal(alone.stdout, 'not running\n');
  });
});
