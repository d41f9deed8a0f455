import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { PaperJournal } from '../support/journal.ts';
import { playBack } from '../../../src/machine/linux/journal/playback.ts';
import { admissionOf } from '../../../src/machine/linux/network/admission.ts';
import { Network } from '../../../src/machine/linux/network/network.ts';
import { applyLines, EMPTY_PLAN, planFamily, undoLines } from '../../../src/machine/linux/network/policy-routing.ts';
import { findOverlaps } from '../../../src/machine/linux/network/overlaps.ts';
import { numbersOf } from '../../../src/machine/linux/network/rule-numbers.ts';
import type { MachineFacts } from '../../../src/machine/facts.ts';
import type { Forwarded, NetworkState } from '../../../src/machine/network-state.ts';
import { PaperMachine } from '../support/machine.ts';
import { defined } from '../../../src/defined.ts';

const STATE: NetworkState = {
  addresses: ['198.19.0.1/32', 'fd6d::1/128'],
  mtu: 1500,
  routes: ['10.96.0.0/16', '198.19.0.53/32', 'fd00:96::/112'],
  pins: ['10.96.0.1/32'],
  rules: [
    { destination: '10.96.0.0/16', protocol: 'tcp', port: 5432, side: 'local' },
    { destination: '172.20.0.9/32', protocol: 'udp', side: 'remote' },
  ],
  unreachable: ['fd00:244::/64'],
  farRanges: [],
  resolver: '198.19.0.53/32',
  forwarded: 'bridges',
};

const FACTS: MachineFacts = {
  routes: [{ destination: '0.0.0.0/0', device: 'eth0', gateway: '192.168.7.254' }],
  addresses: [
    { device: 'lo', address: '127.0.0.1/8' },
    { device: 'eth0', address: '192.168.7.1/24' },
    { device: 'eth0', address: 'fe80::1/64' },
  ],
  bridges: [{ name: 'docker0' }, { name: 'br0', uplink: 'eth0' }],
  dns: { servers: [], asked: [], search: [], ndots: 1, resolved: false, resolvConf: '', overwritten: false },
};

const OUTSIDE = { mark: 0x6d72_0002, obstacle: undefined };
const OUTGOING = { mark: 0x6d72_0016, obstacle: undefined, open: () => {}, close: () => {} };

describe('the host’s network on paper', () => {
  let machine: PaperMachine;
  let journal: PaperJournal;
  beforeEach(() => {
    machine = new PaperMachine();
    machine.put('/proc/sys/net/ipv6/conf/mirrord2/disable_ipv6', '0\n');
    machine.put('/proc/sys/net/ipv4/tcp_congestion_control', 'bbr\n');
    machine.put('/proc/sys/net/ipv4/tcp_available_congestion_control', 'reno cubic bbr\n');
    journal = new PaperJournal(machine, 'default');
    journal.claim({ uid: 0, gid: 0, name: 'root' });
  });
  afterEach(() => machine.discard());

  it('becomes as wished', async () => {
    await new Network(machine, journal, 'mirrord2', OUTSIDE, OUTGOING).apply(STATE, FACTS);
    assert.equal(
      machine.listing().replaceAll(/ $/gm, ''),
      `4 addr 198.19.0.1/32 dev mirrord2
4 route 10.96.0.0/16 dev mirrord2 table 7304 congctl cubic
4 route 198.19.0.53/32 dev mirrord2 table 7304 congctl cubic
4 route default dev mirrord2 table 7305 congctl cubic
4 route throw 10.96.0.1/32 table 7304
4 rule pref 5020 iif docker0 goto 5022
4 rule pref 5020 iif lo goto 5022
4 rule pref 5021 goto 5029
4 rule pref 5022 nop
4 rule pref 5023 fwmark 1836187650 goto 5029
4 rule pref 5023 to 198.19.0.53/32 lookup 7304
4 rule pref 5025 to 10.96.0.0/16 ipproto 6 dport 5432 goto 5029 protocol 247
4 rule pref 5025 to 172.20.0.9/32 ipproto 17 lookup 7305 protocol 245
4 rule pref 5026 to 10.96.0.0/16 lookup main suppress_prefixlength 16
4 rule pref 5027 lookup 7304
4 rule pref 5029 nop
6 addr fd6d::1/128 dev mirrord2 nodad
6 route fd00:96::/112 dev mirrord2 table 7304 congctl cubic
6 route unreachable fd00:244::/64 table 7304
6 rule pref 5020 iif docker0 goto 5022
6 rule pref 5020 iif lo goto 5022
6 rule pref 5021 goto 5029
6 rule pref 5022 nop
6 rule pref 5023 fwmark 1836187650 goto 5029
6 rule pref 5026 to fd00:244::/64 lookup main suppress_prefixlength 64
6 rule pref 5026 to fd00:96::/112 lookup main suppress_prefixlength 112
6 rule pref 5027 lookup 7304
6 rule pref 5029 nop
link dev mirrord2 addrgenmode none
link dev mirrord2 mtu 1500 txqueuelen 10000 up`,
    );
  });

  it('leaves the congestion control alone where it is cubic already', async () => {
    machine.put('/proc/sys/net/ipv4/tcp_congestion_control', 'cubic\n');
    await new Network(machine, journal, 'mirrord2', OUTSIDE, OUTGOING).apply(STATE, FACTS);
    assert.doesNotMatch(machine.listing(), /congctl/);
  });

  /** In their order. */
  const rulesOf = (family: 4 | 6, preference: number): string[] =>
    [...machine.state]
      .filter((entry) => entry.startsWith(`${family} rule pref ${preference} `))
      .map((entry) => entry.slice('4 rule pref 5020 '.length).trim());

  it('keeps servers and marked packets out when everything is routed, and lets bound programs in', async () => {
    const everything = { ...STATE, routes: ['0.0.0.0/0'], unreachable: [], rules: [], farRanges: ['10.96.0.0/16'] };
    await new Network(machine, journal, 'mirrord2', OUTSIDE, OUTGOING).apply(everything, FACTS);
    assert.deepEqual(rulesOf(4, 5023).slice(-4), [
      'fwmark 1836187670 goto 5024',
      'from 192.168.7.1 ipproto 6 goto 5029 protocol 248',
      'to 10.96.0.0/16 goto 5024',
      'from 192.168.7.1 goto 5029 protocol 249',
    ]);
    assert.deepEqual(rulesOf(4, 5024), ['nop']);
    assert.deepEqual(rulesOf(4, 5027), ['fwmark 0/0xffffffff lookup 7304']);
    assert.deepEqual(rulesOf(4, 5028), ['fwmark 1836187670 lookup 7304']);
    assert.doesNotMatch(machine.listing(), /from (127|fe80)/);
  });

  it('keeps servers reachable where everything is unreachable, too', async () => {
    const facts = { ...FACTS, addresses: [...FACTS.addresses, { device: 'eth0', address: 'fd00:7::1/64' }] };
    const shut = { ...STATE, routes: ['0.0.0.0/0'], unreachable: ['::/1', '8000::/1'] };
    await new Network(machine, journal, 'mirrord2', OUTSIDE, OUTGOING).apply(shut, facts);
    assert.deepEqual(rulesOf(6, 5023).slice(-2), [
      'fwmark 1836187670 goto 5024',
      'from fd00:7::1 ipproto 6 goto 5029 protocol 248',
    ]);
  });

  it('leads to what enters the TUN: not to itself, nor to what keeps its way', async () => {
    const network = new Network(machine, journal, 'mirrord2', OUTSIDE, OUTGOING);
    assert.equal(network.leadsTo('10.96.0.2'), false, 'no routes yet');
    const neighbours = { destination: '192.168.7.0/24', device: 'eth0' };
    const facts = { ...FACTS, routes: [...FACTS.routes, neighbours] };
    await network.apply({ ...STATE, routes: ['0.0.0.0/0', '10.96.0.0/16', '::/0'] }, facts);
    await network.applyNames({ routes: ['192.168.7.9/32'], pins: ['203.0.113.7/32'], rules: [] });
    const inside = ['10.96.0.2', '203.0.113.8', '2001:db8::1', '192.168.7.9'];
    const outside = ['10.96.0.1', '203.0.113.7', '192.168.7.254', '192.168.7.1', '127.0.0.1', '::1', 'no address'];
    for (const host of inside) assert.equal(network.leadsTo(host), true, host);
    for (const host of outside) assert.equal(network.leadsTo(host), false, host);
  });

  it('does nothing when the wish is the same again', async () => {
    const network = new Network(machine, journal, 'mirrord2', OUTSIDE, OUTGOING);
    await network.apply(STATE, FACTS);
    const before = machine.calls.filter((call) => call.includes('-batch')).length;
    await network.apply(STATE, FACTS);
    assert.equal(machine.calls.filter((call) => call.includes('-batch')).length, before);
  });

  const range = fc
    .tuple(
      fc.constantFrom('10.96.0.0', '10.96.128.0', '10.97.0.0', '172.16.0.0', '0.0.0.0', 'fd00::', 'fd00:1::', '::'),
      fc.constantFrom(0, 12, 16, 24, 32),
    )
    .map(([address, prefix]) => `${address}/${prefix}`);
  const ranges = fc.uniqueArray(range, { maxLength: 5 });
  const rule = fc.record({
    destination: range,
    protocol: fc.constantFrom<'tcp' | 'udp'>('tcp', 'udp'),
    port: fc.constantFrom(80, 443),
    side: fc.constantFrom<'local' | 'remote'>('local', 'remote'),
  });
  const state = fc.record({
    addresses: fc.constantFrom(['198.19.0.1/32'], ['198.19.0.2/32', 'fd6d::2/128']),
    mtu: fc.constantFrom(1500, 9000),
    routes: ranges,
    pins: ranges,
    rules: fc.uniqueArray(rule, { maxLength: 4, selector: (entry) => JSON.stringify(entry) }),
    unreachable: ranges,
    farRanges: ranges,
    resolver: fc.constantFrom(null, '198.19.0.53/32'),
    forwarded: fc.constantFrom<Forwarded>('bridges', 'off', ['172.17.0.0/16', 'fd00:17::/64']),
  });

  it('reaches any state from any other, the same as from nothing', async function () {
    this.timeout(20_000);
    const settle = async (...states: readonly NetworkState[]): Promise<string> => {
      const fresh = new PaperMachine();
      fresh.put('/proc/sys/net/ipv6/conf/mirrord0/disable_ipv6', '0\n');
      const own = new PaperJournal(fresh, 'default');
      own.claim({ uid: 0, gid: 0, name: 'root' });
      const network = new Network(fresh, own, 'mirrord0', OUTSIDE, OUTGOING);
      for (const wish of states) await network.apply(wish, FACTS);
      const listing = fresh.listing().replaceAll(/^link.*\n?/gm, '');
      await playBack(fresh, own);
      assert.equal(fresh.listing(), '', 'not everything was taken back');
      fresh.discard();
      return listing;
    };
    await fc.assert(
      fc.asyncProperty(state, state, async (first, second) => {
        assert.equal(await settle(first, second), await settle(second));
      }),
      { numRuns: 60 },
    );
  });

  it('is taken back whole when the TUN goes while it is being put right', async () => {
    const network = new Network(machine, journal, 'mirrord2', OUTSIDE, OUTGOING);
    await network.apply(STATE, FACTS);
    rmSync(join(machine.root, '/proc/sys/net/ipv6/conf/mirrord2'), { recursive: true });
    machine.answers.set('ip -4 -batch', { code: 1, stdout: '', stderr: 'Cannot find device "mirrord2"' });
    await assert.rejects(network.reapply(FACTS));
    await assert.rejects(network.reapply(FACTS));
    machine.answers.clear();
    await playBack(machine, journal);
    assert.doesNotMatch(machine.listing(), /rule|throw|unreachable/);
  });

  it('undoes exactly what it does, and nothing else', () => {
    fc.assert(
      fc.property(state, fc.constantFrom<4 | 6>(4, 6), (wish, family) => {
        const plan = planFamily(family, {
          state: wish,
          tun: 'mirrord0',
          numbers: numbersOf('mirrord0'),
          kept: [],
          admission: admissionOf(wish.forwarded, FACTS.bridges),
          ownAddresses: ['192.168.7.1', 'fd00:7::1'],
          outside: 0x6d72_0000,
          outgoing: 0x6d72_0014,
          cubic: false,
        });
        const undo = new Set(undoLines(plan));
        const made = applyLines(EMPTY_PLAN, plan).filter((line) => !line.includes('dev mirrord0'));
        assert.deepEqual(
          undo,
          new Set(made.map((line) => line.replace(/^rule add/, 'rule del').replace(/^route replace/, 'route del'))),
        );
      }),
    );
  });

  it('says that there is no room for a 21st session', () => {
    assert.throws(() => numbersOf('mirrord20'), { code: 'too-many-sessions' });
  });

  describe('overlaps', () => {
    const route = (destination: string, device: string, table?: string) => ({
      destination,
      device,
      ...defined({ table }),
    });

    it('says nothing of default routes, link-local ranges and what is pinned', () => {
      const routes = [
        route('0.0.0.0/0', 'a'),
        route('128.0.0.0/1', 'b'),
        route('169.254.0.0/16', 'c'),
        route('10.1.0.0/24', 'd'),
      ];
      assert.deepEqual(findOverlaps(['10.1.0.0/16', '169.254.0.0/16'], ['10.1.0.0/24'], routes), {
        warnings: [],
        kept: [],
      });
    });

    it('keeps more specific routes of other tables out', () => {
      const { kept } = findOverlaps(
        ['0.0.0.0/0'],
        [],
        [route('10.1.0.0/24', 'ts0', '52'), route('10.2.0.0/24', 'eth0')],
      );
      assert.deepEqual(kept, ['10.1.0.0/24']);
    });

    it('refuses when nothing is left, naming range and interfaces', () => {
      const routes = [route('10.1.0.0/17', 'a'), route('10.1.128.0/18', 'b'), route('10.1.192.0/18', 'b')];
      assert.throws(() => findOverlaps(['10.1.0.0/16'], [], routes), {
        code: 'range-taken',
        message: /10\.1\.0\.0\/16.*lead to a, b/,
      });
      assert.doesNotThrow(() => findOverlaps(['10.1.0.0/16'], [], routes.slice(0, 2)));
    });
  });
});
