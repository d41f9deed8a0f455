/** What a pod's resolv.conf and a namespace's name can not do to this machine's public names. */
import assert from 'node:assert/strict';
import { PUBLIC_WEB } from '../../../scripts/sandbox/addresses.ts';
import { kubectl, kubectlJson } from '../kube/support/cluster.ts';
import { cluster } from '../support/developer.ts';
import { statuses } from '../support/session.ts';
import { pod, service } from './support/objects.ts';
import { useTargets, withSession } from './support/world.ts';

/** A top-level domain that is somebody's namespace too. */
const NAMESPACE = 'dev';
/** A name that the log of the cluster's DNS cannot hold yet. */
const PUBLIC = `public-${process.pid}-${Date.now()}.example.com`;

interface Service {
  readonly spec: { readonly clusterIP: string };
}

describe('names that are not the cluster’s', function () {
  this.timeout(90_000);
  const addressOf = (namespace: string, name: string): string =>
    (kubectlJson(['get', 'service', '-n', namespace, name]) as Service).spec.clusterIP;
  const world = useTargets(() => {
    const nameservers = [addressOf('kube-system', 'kube-dns')];
    const hostile = ['default.svc.com', 'svc.com', 'com', 'example.com', 'evil.example'];
    return [
      pod('hostile', { spec: { dnsPolicy: 'None', dnsConfig: { nameservers, searches: hostile } } }),
      pod('decorated', { spec: { dnsConfig: { searches: ['example.com', 'evil.example'] } } }),
    ];
  });
  before(() => {
    kubectl(['create', 'namespace', NAMESPACE]);
    kubectl(['create', '-n', NAMESPACE, '-f', '-'], service('web', 'web'));
    const names = [PUBLIC, `web.${NAMESPACE}`];
    world.developer.internet.publish(names.map((name) => ({ type: 'A', name, ttl: 5, data: PUBLIC_WEB.v4 })));
  });
  after(() => kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=false']));

  const dig = async (name: string): Promise<string> =>
    (await world.developer.run('dig', ['+short', '+tries=1', '+time=4', name, 'A'])).stdout.trim();
  const domains = async (): Promise<readonly string[]> => (await statuses(world.developer))[0]?.dns.domains ?? [];

  for (const [name, warns] of [
    ['hostile', true],
    ['decorated', false],
  ] as const) {
    it(`stay this machine's, whatever the resolv.conf of pod/${name} says`, async () => {
      await withSession(world, ['-t', `pod/${name}`], async (session) => {
        assert.equal(await dig(PUBLIC), PUBLIC_WEB.v4);
        const { dns } = (await statuses(world.developer))[0] ?? assert.fail('no session');
        for (const taken of [...dns.domains, ...dns.search]) {
          assert.doesNotMatch(taken, /^(com|dev|example\.com|evil\.example)$/);
        }
        assert.equal(dns.domains[0], 'cluster.local');
        assert.ok(!cluster(['dns-log']).includes(PUBLIC));
        assert.equal(/says that com is the cluster's domain/.test(session.output), warns, session.output);
      });
    });
  }

  it('stay public where a namespace is called like their suffix, which has its full names', async () => {
    await withSession(world, [], async (session) => {
      assert.equal(await dig(`web.${NAMESPACE}`), PUBLIC_WEB.v4);
      const inside = addressOf(NAMESPACE, 'web');
      assert.equal(await dig(`web.${NAMESPACE}.svc`), inside);
      assert.equal(await dig(`web.${NAMESPACE}.svc.cluster.local`), inside);
      assert.ok(!(await domains()).includes(NAMESPACE));
      assert.match(session.output, new RegExp(`not the public ${NAMESPACE} .*--domain ${NAMESPACE}`));
    });
  });

  it('are the cluster’s when the user says so', async () => {
    await withSession(world, ['--domain', NAMESPACE], async () => {
      assert.equal(await dig(`web.${NAMESPACE}`), addressOf(NAMESPACE, 'web'));
      assert.ok((await domains()).includes(NAMESPACE));
    });
  });
});
