import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Cluster, Discovery } from '../../../src/kube/cluster.ts';
import { openCluster } from '../../support/bundled-kube.ts';
import { kubectl, kubectlJson } from './support/cluster.ts';

interface Listed {
  readonly items: readonly { readonly spec: { readonly cidrs?: string[]; readonly podCIDRs?: string[] } }[];
}

describe('discovery', function () {
  this.timeout(30_000);
  let cluster: Cluster;
  const created: [kind: string, name: string][] = [];

  before(async () => {
    cluster = await openCluster({ cwd: process.cwd() });
  });
  after(() => {
    cluster.close();
    for (const [kind, name] of created) kubectl(['delete', kind, name, '--wait=false', '--ignore-not-found']);
  });

  it('finds service and pod ranges of both families, and the namespaces', async () => {
    const found = await cluster.discover(null, AbortSignal.timeout(10_000));
    const services = (kubectlJson(['get', 'servicecidrs']) as Listed).items.flatMap((item) => item.spec.cidrs ?? []);
    const pods = (kubectlJson(['get', 'nodes']) as Listed).items.flatMap((item) => item.spec.podCIDRs ?? []);
    assert.equal(services.length, 2);
    assert.deepEqual([...found.ranges].sort(), [...services, ...pods].sort());
    assert.ok(found.namespaces.includes('kube-system') && found.namespaces.includes('default'));
  });

  it('tells of a new namespace and of a new node with its pod range, and of their end', async () => {
    const stop = new AbortController();
    const seen: Discovery[] = [];
    let wake = (): void => {};
    const first = await cluster.discover(null, stop.signal);
    cluster.watch(first, (next) => (seen.push(next), wake()), stop.signal);
    const until = async (what: string, holds: (found: Discovery) => boolean): Promise<void> => {
      const end = AbortSignal.timeout(10_000);
      while (!(seen.length > 0 && holds(seen.at(-1)!))) {
        if (end.aborted) assert.fail(`never: ${what}; last ${JSON.stringify(seen.at(-1))}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          end.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    };
    const name = `mirrord-test-${randomBytes(4).toString('hex')}`;
    created.push(['namespace', name], ['node', name]);
    kubectl(['create', 'namespace', name]);
    await until('the namespace', (found) => found.namespaces.includes(name));
    const spec = { podCIDR: '10.250.7.0/24', podCIDRs: ['10.250.7.0/24', 'fd00:250:7::/64'], unschedulable: true };
    kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec });
    await until(
      'the range',
      (found) => found.ranges.includes('10.250.7.0/24') && found.ranges.includes('fd00:250:7::/64'),
    );
    kubectl(['delete', 'node', name]);
    await until('its end', (found) => !found.ranges.includes('10.250.7.0/24'));
    kubectl(['delete', 'namespace', name]);
    await until('the end of the namespace', (found) => !found.namespaces.includes(name));
    stop.abort();
  });
});
