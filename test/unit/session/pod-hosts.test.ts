import assert from 'node:assert/strict';
import { podHosts } from '../../../src/session/pod-hosts.ts';

const SCOPE = { given: ['cluster.local'], machineSearch: ['Office.test', '.'] };
const read = (text: string, scope = SCOPE) => {
  const { table, withheld } = podHosts(text, scope);
  return { table: Object.fromEntries(table), withheld };
};

/** As the kubelet writes it (pkg/kubelet/kubelet_pods.go), with `hostAliases`. */
const KUBELET = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
10.244.0.33\tdb-0.db.shop.svc.cluster.local\tdb-0
fd00:10:244::21\tdb-0.db.shop.svc.cluster.local\tdb-0

# Entries added by HostAliases.
10.1.2.3\tlegacy\tlegacy.corp.test
`;

describe("the target pod's hosts file", () => {
  it("has the pod's own name and its hostAliases, and nothing that every pod has", () => {
    const own = ['10.244.0.33', 'fd00:10:244::21'];
    assert.deepEqual(read(KUBELET), {
      table: {
        'db-0.db.shop.svc.cluster.local': own,
        'db-0': own,
        legacy: ['10.1.2.3'],
        'legacy.corp.test': ['10.1.2.3'],
      },
      withheld: [],
    });
  });

  for (const name of [
    'www.mybank.com',
    'com',
    'dev',
    'web.dev',
    'co.uk',
    'me.github.io',
    'registry.npmjs.org',
    'printer.local',
    'web.office.test',
    'office.test',
    '3.2.1.10.in-addr.arpa',
  ]) {
    it(`has no say about ${name}, unless the user gives it`, () => {
      assert.deepEqual(read(`10.1.2.3 ${name}`), { table: {}, withheld: [name] });
      const given = { ...SCOPE, given: [name] };
      assert.deepEqual(read(`10.1.2.3 ${name}`, given), { table: { [name]: ['10.1.2.3'] }, withheld: [] });
    });
  }

  it('cannot be given localhost', () => {
    const given = { ...SCOPE, given: ['localhost'] };
    assert.deepEqual(read('10.1.2.3 localhost x.localhost', given), { table: {}, withheld: [] });
  });

  for (const address of [
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    'fe00::1',
  ]) {
    it(`leads nowhere by ${address}, which means something else here`, () => {
      assert.deepEqual(read(`${address} legacy`), { table: {}, withheld: [] });
    });
  }

  it('is read as far as it makes sense', () => {
    const text =
      '10.1.2.3 a..b -x $(id) a/b \u001b[31m *.corp.test\nnonsense here\n10.1.2.3\n10.1.2 y\n10.1.2.4 OK # why\n';
    assert.deepEqual(read(text), { table: { ok: ['10.1.2.4'] }, withheld: [] });
  });

  it('is bounded in names and addresses', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `10.1.${i >> 8}.${i & 255} n${i} all www.n${i}.com`).join(
      '\n',
    );
    const { table, withheld } = podHosts(many, SCOPE);
    assert.equal(table.size + withheld.length, 256);
    assert.equal(table.get('all')?.length, 16);
  });
});
