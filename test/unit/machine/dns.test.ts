import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DnsBackend, DnsManager } from '../../../src/machine/linux/dns/manager.ts';
import { socketOwners } from '../../../src/machine/linux/dns/local-servers.ts';
import { Nftables, natTables, redirectTable } from '../../../src/machine/linux/dns/nftables.ts';
import { formatResolvConf } from '../../../src/machine/linux/dns/resolv-conf.ts';
import { ndots, parseResolvConf } from '../../../src/names/resolv-conf.ts';
import { linkDomains, orderedSearch, rivalLinks } from '../../../src/machine/linux/dns/resolved.ts';
import { PaperJournal } from '../support/journal.ts';
import { MirrordError } from '../../../src/errors.ts';
import type { DnsMode, DnsState } from '../../../src/machine/dns-state.ts';
import { PaperMachine } from '../support/machine.ts';

const STATE: DnsState = {
  mode: 'auto',
  servers: ['198.19.0.53'],
  redirects: [{ server: '192.168.7.254', port: 5300 }],
  exempt: { hopLimit: 100, tcp: [40000, 40001] },
  search: ['default.svc.cluster.local', 'svc.cluster.local'],
  domains: ['cluster.local', 'svc', 'svc.cluster.local'],
  everything: false,
};

describe('DNS take-over on paper', () => {
  describe('resolv.conf', () => {
    it('is read as glibc reads it', () => {
      const text = [
        '# nameserver 1.1.1.1',
        ';nameserver 1.1.1.2',
        'domain first.example',
        'nameserver 192.168.7.254',
        '  nameserver\tfe80::1%eth0  # not a comment to glibc, and no server either',
        'nameserver not-an-address',
        'search a.example b.example .',
        'options ndots:5 timeout:1',
        'options ndots:2 edns0',
      ].join('\n');
      const conf = parseResolvConf(text);
      assert.deepEqual(conf.servers, ['192.168.7.254', 'fe80::1%eth0']);
      assert.deepEqual(conf.search, ['a.example', 'b.example']);
      assert.equal(ndots(conf.options), 2);
      assert.equal(ndots([]), 1);
      assert.equal(ndots(['ndots:99']), 15);
    });

    it('searches the domain of the machine’s name where it says nothing about it', () => {
      assert.deepEqual(parseResolvConf('nameserver 1.2.3.4\n', 'corp.example').search, ['corp.example']);
      assert.deepEqual(parseResolvConf('search .\n', 'corp.example').search, []);
      assert.deepEqual(parseResolvConf('domain home.example\n', 'corp.example').search, ['home.example']);
    });

    it('is written with our servers, both search lists, and the options that were there', () => {
      const before = parseResolvConf(
        'nameserver 1.2.3.4\nsearch home.example svc.cluster.local\noptions timeout:1 ndots:3 rotate\n',
      );
      assert.equal(
        formatResolvConf('default', before, STATE),
        `# Written by mirrord (session default); the previous content is restored when the session ends.
nameserver 198.19.0.53
search default.svc.cluster.local svc.cluster.local home.example
options timeout:1 ndots:3 rotate
`,
      );
    });

    it('reads any text without harm, and its own back', () => {
      fc.assert(fc.property(fc.string(), (text) => void parseResolvConf(text)));
      const text = formatResolvConf('x', { servers: [], search: [], options: [] }, STATE);
      assert.deepEqual(parseResolvConf(text), { servers: STATE.servers, search: STATE.search, options: [] });
    });
  });

  it('tells resolved which domains to search and which to route', () => {
    assert.deepEqual(linkDomains(STATE), ['default.svc.cluster.local', 'svc.cluster.local', '~cluster.local', '~svc']);
    assert.deepEqual(linkDomains({ ...STATE, search: [], domains: [] }), []);
    const many = Array.from({ length: 1_000 }, (_, i) => `namespace-${i}`);
    const fitting = linkDomains({ ...STATE, domains: ['cluster.local', ...many] });
    assert.equal(fitting.length, 256, 'resolved refuses more');
    assert.deepEqual(fitting.slice(0, 3), ['default.svc.cluster.local', 'svc.cluster.local', '~cluster.local']);
    assert.deepEqual(linkDomains({ ...STATE, search: [], domains: [], everything: true }), ['~.']);
  });

  it('puts the cluster’s suffixes in front of those of other links', () => {
    const text =
      'nameserver 127.0.0.53\noptions edns0\nsearch corp.example default.svc.cluster.local svc.cluster.local lan cluster.local\n';
    const ordered = orderedSearch(text);
    assert.equal(
      ordered,
      'nameserver 127.0.0.53\noptions edns0\nsearch default.svc.cluster.local svc.cluster.local cluster.local corp.example lan\n',
    );
    assert.equal(orderedSearch(ordered ?? ''), undefined);
    assert.equal(orderedSearch('nameserver 127.0.0.53\n'), undefined);
  });

  it('finds other links that claim the same names', () => {
    const listing =
      'Global: ~.\nLink 2 (eth0): home.example\nLink 3 (vpn0): ~corp.example ~Cluster.local\n        svc\nLink 7 (mirrord0): ~cluster.local\n';
    assert.deepEqual(rivalLinks(listing, 'mirrord0', ['svc', '~cluster.local']), ['vpn0 (~Cluster.local, svc)']);
  });

  it('gives nft its rules as an argument: nft 1.0.9 takes none from a standard input that is a socket', async () => {
    const machine = new PaperMachine();
    const none = { servers: [], asked: [], search: [], ownAddresses: [] };
    const nftables = new Nftables(
      machine,
      new PaperJournal(machine, 'default'),
      0,
      () => undefined,
      () => none,
      () => undefined,
    );
    assert.equal(await nftables.obstacle(), undefined);
    assert.match(machine.calls[0] ?? '', /^nft -c table inet mirrord_default_check \{/);
    machine.discard();
  });

  it('makes one line of nftables, with exemptions before zone and redirect', () => {
    const passes =
      'udp dport 53 ip ttl 100 meta skuid 1000 return; udp dport 53 ip6 hoplimit 100 meta skuid 1000 return; ' +
      'tcp dport 53 tcp sport { 40000, 40001 } meta skuid 1000 return; meta skuid 101 return; ';
    const plain = '@th,80,8 & 0xf9 == 0x1';
    const redirect =
      `chain out { type nat hook output priority -110; ${passes}` +
      `ip daddr 192.168.7.254 udp dport 53 ${plain} redirect to :5300; ip daddr 192.168.7.254 tcp dport 53 redirect to :5300; ` +
      `ip6 daddr fd00::53 udp dport 53 ${plain} redirect to :5301; ip6 daddr fd00::53 tcp dport 53 redirect to :5301; }; }`;
    const redirects = [...STATE.redirects, { server: 'fd00::53', port: 5301 }];
    const exempt = { sessions: [{ uid: 1000, ...STATE.exempt }], users: [101] };
    assert.equal(
      redirectTable('mirrord_default', redirects, exempt, 7),
      `table inet mirrord_default { flags owner; chain zone { type filter hook output priority -300; ${passes}` +
        `ip daddr 192.168.7.254 udp dport 53 ${plain} ct original zone set 7; ip daddr 192.168.7.254 tcp dport 53 ct original zone set 7; ` +
        `ip6 daddr fd00::53 udp dport 53 ${plain} ct original zone set 7; ip6 daddr fd00::53 tcp dport 53 ct original zone set 7; }; ${redirect}`,
    );
    assert.equal(
      redirectTable('mirrord_default', redirects, exempt, null),
      `table inet mirrord_default { flags owner; ${redirect}`,
    );
  });

  it('lets pass by the mark alone what has one', () => {
    const exempt = { sessions: [{ uid: 1000, ...STATE.exempt, mark: 7 }], users: [] };
    assert.match(
      redirectTable('mirrord_default', [{ server: '192.168.7.254', port: 5300 }], exempt, null),
      /priority -110; meta mark 7 return; ip daddr 192.168.7.254/,
    );
  });

  it('finds other programs’ redirects of DNS in a ruleset', () => {
    const ruleset = `table ip nat {
	chain OUTPUT {
		meta l4proto udp ip daddr 127.0.0.11 udp dport 53 counter dnat to 127.0.0.11:43210
		tcp dport 5353 redirect to :1
	}
}
table inet filter {
	chain out { udp dport 53 accept
	}
}
table inet vpn {
	chain out {
		th dport { 53, 853 } redirect to :5300
	}
}`;
    assert.deepEqual(natTables(ruleset), ['ip nat', 'inet vpn']);
  });

  it('finds the users of DNS servers on loopback', () => {
    const machine = new PaperMachine();
    const line = (address: string, port: string, uid: number): string =>
      `  12: ${address}:${port} 00000000:0000 07 00000000:00000000 00:00000000 00000000   ${uid}        0 1234 2 0 0`;
    machine.put(
      '/proc/net/udp',
      [
        '  sl  local_address',
        line('0200007F', '0035', 101),
        line('0200007F', '0036', 7),
        line('0100007F', '0035', 9),
      ].join('\n'),
    );
    machine.put('/proc/net/udp6', ['  sl', line('00000000000000000000000001000000', '0035', 5)].join('\n'));
    const owners = socketOwners(machine);
    assert.deepEqual(owners('127.0.0.2'), [101]);
    assert.deepEqual(owners('::1'), [5]);
    assert.deepEqual(owners('127.0.0.9'), []);
    machine.discard();
  });

  describe('the choice', () => {
    const log: string[] = [];
    const backend = (mode: DnsMode, obstacle?: string, failure?: string, weakness?: string): DnsBackend => ({
      mode,
      obstacle: async () => obstacle,
      weakness: () => weakness,
      holds: async () => true,
      apply: async () => {
        log.push(`${mode} on`);
        if (failure !== undefined) throw new MirrordError('host', 'x', failure);
        return mode;
      },
      undo: async () => void log.push(`${mode} off`),
    });
    beforeEach(() => log.splice(0));

    it('takes the first way that works, and tells why not the ones before', async () => {
      const manager = new DnsManager([
        backend('resolved', 'not here'),
        backend('nftables', undefined, 'no way'),
        backend('resolv.conf'),
      ]);
      assert.deepEqual(await manager.apply(STATE), {
        mode: 'resolv.conf',
        reason: 'resolv.conf (not here; no way)',
        isNotable: false,
      });
      assert.deepEqual(log, ['nftables on', 'nftables off', 'resolv.conf on']);
    });

    it('stays with its choice when the state changes, and leaves it when told', async () => {
      const manager = new DnsManager([backend('resolved', 'not here'), backend('nftables'), backend('resolv.conf')]);
      await manager.apply(STATE);
      await manager.apply({ ...STATE, domains: [] });
      assert.equal((await manager.apply({ ...STATE, mode: 'resolv.conf' })).mode, 'resolv.conf');
      assert.equal((await manager.apply({ ...STATE, mode: 'off' })).mode, 'off');
      assert.deepEqual(log, ['nftables on', 'nftables on', 'nftables off', 'resolv.conf on', 'resolv.conf off']);
    });

    it('takes a way without a weakness where there is one, and says what it would have been', async () => {
      const weak = backend('nftables', undefined, undefined, 'web is hidden');
      const manager = new DnsManager([backend('resolved', 'not here'), weak, backend('resolv.conf')]);
      assert.deepEqual(await manager.apply(STATE), {
        mode: 'resolv.conf',
        reason: 'resolv.conf (not here; web is hidden)',
        isNotable: false,
      });
      const alone = new DnsManager([weak, backend('resolv.conf', 'read-only')]);
      assert.deepEqual(await alone.apply(STATE), {
        mode: 'nftables',
        reason: 'nftables; note: web is hidden (read-only)',
        isNotable: true,
      });
    });

    it('is made anew when what was chosen works no longer, unless it was asked for by name', async () => {
      const obstacles: string[] = [];
      const first = { ...backend('resolved'), obstacle: async () => obstacles[0] };
      const manager = new DnsManager([first, backend('nftables')]);
      assert.equal((await manager.apply(STATE)).mode, 'resolved');
      assert.equal(await manager.holds(STATE), true);
      obstacles.push('resolv.conf leads elsewhere');
      assert.equal(await manager.holds({ ...STATE, mode: 'resolved' }), true);
      assert.equal(await manager.holds(STATE), false);
      assert.equal((await manager.apply(STATE)).mode, 'nftables');
      assert.deepEqual(log, ['resolved on', 'resolved off', 'nftables on']);
    });

    it('changes nothing when it is off', async () => {
      assert.equal((await new DnsManager([backend('resolved')]).apply({ ...STATE, mode: 'off' })).mode, 'off');
      assert.deepEqual(log, []);
    });

    it('refuses when no way is left, or the one asked for does not work', async () => {
      const manager = new DnsManager([backend('resolved', 'not here'), backend('nftables', undefined, 'no way')]);
      await assert.rejects(manager.apply(STATE), { code: 'dns-impossible', message: /not here; no way/ });
      await assert.rejects(manager.apply({ ...STATE, mode: 'resolved' }), {
        code: 'dns-impossible',
        message: /not here/,
      });
      await assert.rejects(manager.apply({ ...STATE, mode: 'nftables' }), { code: 'x', message: /no way/ });
    });
  });
});
