import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { poll } from '../../netns/support/session.ts';
import type { SessionStatus } from '../../../src/control/answers.ts';
import { kubectl, leftovers } from '../kube/support/cluster.ts';
import { statuses, useDeveloper } from '../support/session.ts';

describe('mirrord up on Kubernetes, an agent that is deleted', () => {
  const world = useDeveloper();

  async function status(): Promise<SessionStatus> {
    const [only] = await statuses(world.developer);
    assert.ok(only);
    return only;
  }

  it('is replaced: routes and DNS stay, old flows are reset, new ones work', async () => {
    const { developer, objects } = world;
    const session = await developer.up(['-n', objects.away]).ready();
    const before = await status();
    const hold = `require('net').connect(7, '${objects.services.web.v4}', () => console.log('open'))
      .on('error', (error) => console.log(error.code)).on('end', () => console.log('end'))`;
    const flow = developer.machine.start(process.execPath, ['-e', hold], { as: 'developer' });
    const lines = createInterface({ input: flow.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'open');

    kubectl(['delete', before.agent?.name ?? '', '-n', objects.away, '--wait=false']);
    assert.equal((await lines.next()).value, 'ECONNRESET');
    await poll(
      async () => {
        const { state, agent } = await status();
        return state === 'ready' && agent?.name !== before.agent?.name;
      },
      'another agent is there',
      30_000,
    );
    // Not all of `dns`: the cluster's namespaces may come and go meanwhile.
    const kept = ({ tun, routes, dns: { mode, server, search } }: SessionStatus) => ({
      tun,
      routes,
      mode,
      server,
      search,
    });
    assert.deepEqual(kept(await status()), kept(before));
    const { stdout, stderr } = await developer.run('curl', ['-sS', '-m', '10', `http://web.${objects.home}:8080/`]);
    assert.match(stdout, /^web-/, stderr);

    await session.end();
    await poll(() => leftovers(objects.away).length === 0, 'no agent is left', 15_000);
  });
});
