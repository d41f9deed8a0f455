import assert from 'node:assert/strict';
import { explain, parseDestination } from '../../../src/filter/index.ts';
import { clusterNames } from '../../../src/names/cluster-names.ts';
import { bench, NAMES, question } from '../support/dns.ts';
import { scoped } from '../support/filter.ts';

/** What `explain` says of a name, and whom the resolver asks for it. */
describe('explain and the resolver', () => {
  const rows: readonly (readonly [name: string, by: 'cluster' | 'machine', why: string])[] = [
    ['db', 'cluster', 'a single label'],
    ['db.prod', 'cluster', 'a namespace behind it'],
    ['web.dev', 'machine', 'a namespace whose name is a public suffix'],
    ['10.0.96.10.in-addr.arpa', 'cluster', 'the reverse name of a routed address'],
    ['1.1.1.1.in-addr.arpa', 'machine', 'the reverse name of another address'],
    ['_pg._tcp.db', 'cluster', 'a service record of a single label'],
    ['_pg._tcp.db.prod', 'cluster', 'a service record in a namespace'],
    ['_pg._tcp.db.corp.example', 'machine', 'a service record of an outside name'],
    ['printer.local', 'machine', 'mDNS, with a namespace called `local` as well'],
    ['local', 'machine', 'the domain of mDNS itself'],
    ['db.default.svc.cluster.local', 'cluster', 'below the cluster domain, which is below `local`'],
  ];
  for (const [name, by, why] of rows) {
    it(`agree on ${name}: ${why}`, async () => {
      const { resolver, cluster } = bench({});
      await resolver.answer(question(name), 'udp');
      const { dns } = explain(parseDestination(name), scoped(), { names: clusterNames(NAMES) });
      assert.deepEqual([cluster.length > 0 ? 'cluster' : 'machine', dns?.by], [by, by]);
    });
  }
});
