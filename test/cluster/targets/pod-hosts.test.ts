import assert from 'node:assert/strict';
import { PUBLIC_WEB } from '../../../scripts/sandbox/addresses.ts';
import type { SessionStatus } from '../../../src/control/answers.ts';
import { pod } from './support/objects.ts';
import { useTargets, withSession } from './support/world.ts';

/** Of the developer's own hosts file. */
const OWN = '192.0.2.7';

describe("mirrord up -t, the pod's hosts file", () => {
  const world = useTargets(() => {
    const hostnames = ['legacy', 'legacy.corp.test', 'own.corp.test', 'www.example.com'];
    return [pod('aliased', { spec: { hostAliases: [{ ip: world.objects.services.web.v4, hostnames }] } })];
  });
  const run = async (command: string, ...args: string[]): Promise<string> =>
    (await world.developer.run(command, args)).stdout;

  before(() => world.developer.run('sh', ['-c', `echo '${OWN} own.corp.test' >>/etc/hosts`], { as: 'root' }));

  it('has names here as it has there, but neither public ones nor those of this machine', async () => {
    await withSession(world, ['-t', 'pod/aliased'], async () => {
      const { v4 } = world.objects.services.web;
      for (const name of ['legacy', 'legacy.corp.test']) {
        assert.match(await run('getent', 'ahostsv4', name), new RegExp(`^${v4} `), name);
        assert.match(await run('curl', '-s', '-m', '10', `http://${name}:8080/`), / to /, name);
      }
      assert.equal(await run('dig', '+short', 'own.corp.test', 'A'), `${OWN}\n`);
      assert.match(await run('getent', 'ahostsv4', 'www.example.com'), new RegExp(`^${PUBLIC_WEB.v4} `));

      const mirrord = async (...args: string[]): Promise<string> => (await world.developer.mirrordRun(args)).stdout;
      const { sessions } = JSON.parse(await mirrord('status', '--json')) as { sessions: SessionStatus[] };
      const { dns } = sessions[0];
      assert.deepEqual(
        ['legacy', 'legacy.corp.test', 'own.corp.test'].filter((name) => !dns.podHosts.includes(name)),
        [],
      );
      assert.deepEqual(dns.withheldPodHosts, ['www.example.com']);
      assert.match(await mirrord('status'), /pod hosts .*legacy\.corp\.test.*; not www\.example\.com/);

      const answered = new RegExp(`answered by the cluster \\(${v4}, the pod's /etc/hosts\\)`);
      assert.match(await mirrord('explain', 'legacy.corp.test:8080'), answered);
      assert.match(
        await mirrord('explain', 'own.corp.test'),
        new RegExp(`answered by this machine \\(${OWN}, /etc/hosts`),
      );
      assert.match(await mirrord('explain', 'www.example.com'), /the pod's \/etc\/hosts also has it/);
    });
  });

  it('has a public name where the user gives it one', async () => {
    const args = ['-t', 'pod/aliased', '--domain', 'www.example.com'];
    await withSession(world, args, async () => {
      const { v4 } = world.objects.services.web;
      assert.match(await run('getent', 'ahostsv4', 'www.example.com'), new RegExp(`^${v4} `));
    });
  });
});
