import assert from 'node:assert/strict';
import { clusterNames } from '../../../src/names/cluster-names.ts';
import { nameForms } from '../../../src/names/forms.ts';
import { elsewhere } from '../../../src/session/elsewhere.ts';

const SEARCH = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];
const known = clusterNames({ clusterDomain: 'cluster.local', namespaces: ['default', 'prod'], search: SEARCH });

/** A cluster with these services, by `NAME.NAMESPACE`, some of whose names the filter keeps on this machine. */
class Cluster {
  readonly asked: string[] = [];
  readonly services: readonly string[];
  readonly local: readonly string[];
  readonly known = known;
  atOnce = 0;
  most = 0;

  constructor(services: readonly string[], local: readonly string[] = []) {
    this.services = services;
    this.local = local;
  }

  readonly forms = (name: string): readonly string[] => nameForms(name, known);
  resolve(forms: readonly string[]): { answer: 'local' | 'default'; rule: null } {
    return { answer: forms.some((form) => this.local.includes(form)) ? 'local' : 'default', rule: null };
  }
  async lookUp(name: string): Promise<{ addresses: readonly string[]; failure?: string }> {
    this.asked.push(name);
    this.most = Math.max(this.most, ++this.atOnce);
    await Promise.resolve();
    this.atOnce -= 1;
    const exists = this.services.some((service) => name === `${service}.svc.cluster.local`);
    return exists ? { addresses: ['10.96.0.20'] } : { addresses: [], failure: 'NXDOMAIN' };
  }
}

async function uses(name: string, cluster: Cluster, namespaces: readonly string[] = ['shop']): Promise<string[]> {
  return (await elsewhere(name, { names: cluster, namespaces })).map(({ namespace, use }) => `${namespace}: ${use}`);
}

describe('a service in another namespace', () => {
  it('is found by every form of the name', async () => {
    const cluster = new Cluster(['payments.prod']);
    for (const name of ['payments', 'payments.prdo', 'payments.default.svc', 'payments.default.svc.cluster.local']) {
      assert.deepEqual(await uses(name, cluster), ['prod: payments.prod'], name);
    }
  });

  it('is named with svc where the short name is a public one', async () => {
    assert.deepEqual(await uses('payments', new Cluster(['payments.shop', 'payments.prod'])), [
      'prod: payments.prod',
      'shop: payments.shop.svc',
    ]);
  });

  it('is not looked for by names that are no service’s', async () => {
    const cluster = new Cluster(['www.prod']);
    for (const name of ['www.example.com', 'a.b.c.svc', 'cluster.local.x.y'])
      assert.deepEqual(await uses(name, cluster), []);
    assert.deepEqual(cluster.asked, []);
  });

  it('is not looked for where the filter keeps its names here', async () => {
    const cluster = new Cluster(['payments.prod'], ['payments.prod']);
    assert.deepEqual(await uses('payments', cluster), []);
    assert.deepEqual(cluster.asked.toSorted(), [
      'payments.default.svc.cluster.local',
      'payments.shop.svc.cluster.local',
    ]);
  });

  it('is looked for in so many namespaces, and so many at once', async () => {
    const cluster = new Cluster([]);
    await uses(
      'payments',
      cluster,
      Array.from({ length: 5_000 }, (_, i) => `n${i}`),
    );
    assert.equal(cluster.asked.length, 200);
    assert.equal(cluster.most, 20);
  });
});
