import assert from 'node:assert/strict';
import { PUBLIC_WEB } from '../../../scripts/sandbox/addresses.ts';
import { CLUSTER_DNS, service } from '../../../scripts/sandbox/addresses.ts';
import { statuses, up, useSandbox } from '../support/session.ts';
import type { Session } from '../../../scripts/sandbox/session.ts';

describe('mirrord up, public names and a target that claims them', () => {
  const world = useSandbox();
  let session: Session | undefined;
  afterEach(async () => {
    await session?.end();
    session = undefined;
  });

  async function start(search: string, ...args: readonly string[]): Promise<void> {
    const { developer, target } = world.sandbox;
    const text = `nameserver ${CLUSTER_DNS.v4}\\nsearch ${search}\\noptions ndots:5\\n`;
    const { code, stderr } = await developer.run('sh', ['-c', `printf '${text}' > /etc/netns/${target}/resolv.conf`]);
    assert.equal(code, 0, stderr);
    session = await up(world.sandbox, { args }).ready();
  }
  const dig = async (...args: string[]): Promise<string> =>
    (await world.sandbox.developer.run('dig', ['+tries=1', '+time=3', '+short', ...args])).stdout;
  const domains = async (): Promise<readonly string[]> => (await statuses(world.sandbox))[0]?.dns.domains ?? [];
  const askedInside = (name: string): boolean => world.sandbox.cluster.queries().some((line) => line.includes(name));

  for (const mode of ['nftables', 'resolv.conf']) {
    it(`they stay the machine's (${mode})`, async () => {
      await start('default.svc.com svc.com com', '--dns', mode);
      assert.equal(await dig('www.example.com', 'A'), `${PUBLIC_WEB.v4}\n`);
      assert.match(
        (await world.sandbox.developer.run('getent', ['ahosts', 'www.example.com'])).stdout,
        /^203\.0\.113\.80 /m,
      );
      assert.deepEqual(await domains(), ['cluster.local', 'svc', ...(await reverse())]);
      assert.ok(!askedInside('www.example.com'));
      assert.match(session?.output ?? '', /resolv\.conf says that com is the cluster's domain, .*--domain com/);
      assert.equal(await dig('payment-service.default.svc.cluster.local', 'A'), `${service(1).v4}\n`);
    });
  }

  it('are the cluster’s when the user says so', async () => {
    await start('default.svc.com svc.com com', '--domain', 'com');
    await dig('www.given.com', 'A');
    assert.ok(askedInside('www.given.com'));
    assert.ok((await domains()).includes('com'));
  });

  async function reverse(): Promise<readonly string[]> {
    return (await domains()).filter((domain) => domain.endsWith('.arpa'));
  }
});
