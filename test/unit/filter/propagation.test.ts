import assert from 'node:assert/strict';
import { Filter } from '../../../src/filter/index.ts';
import { nameForms } from '../../../src/names/forms.ts';
import { NAMES, settings, type NetworkInput } from '../support/filter.ts';

/** Who answers for each name: cluster, local, or default. */
function answers(input: NetworkInput, ...names: string[]): string[] {
  const filter = new Filter(settings(input));
  return names.map((name) => filter.resolve(nameForms(name, NAMES)).answer);
}

describe('names propagate from connections to lookups', () => {
  it('local names, no dns.filter: the machine answers them', () => {
    assert.deepEqual(
      answers({ local: ['db', '*.x.example', '10.96.0.1'] }, 'db.default', 'a.x.example', 'web', 'example.com'),
      ['local', 'local', 'default', 'default'],
    );
  });

  it('local names and dns.filter.local: both lists', () => {
    assert.deepEqual(answers({ local: ['db'], dnsLocal: ['web', 'DB'] }, 'db', 'web', 'api'), [
      'local',
      'local',
      'default',
    ]);
    const filter = new Filter(settings({ local: ['db', 'x'], dnsLocal: ['web', 'DB'] }));
    assert.deepEqual(
      filter.dns.local.map(({ rule }) => rule.text),
      ['web', 'DB', 'x'],
    );
  });

  it('remote names, no dns.filter: the cluster answers its names and those', () => {
    assert.deepEqual(answers({ remote: ['rds.example:5432'] }, 'rds.example', 'db', 'example.com'), [
      'cluster',
      'default',
      'default',
    ]);
  });

  it('remote names and dns.filter.remote: both lists, the machine answers the rest', () => {
    assert.deepEqual(
      answers({ remote: ['rds.example'], dnsRemote: ['db'] }, 'rds.example', 'db', 'web', 'example.com'),
      ['cluster', 'cluster', 'local', 'local'],
    );
  });

  it('local names and dns.filter.remote: dns.filter alone decides', () => {
    assert.deepEqual(answers({ local: ['db'], dnsRemote: ['db'] }, 'db', 'web'), ['cluster', 'local']);
  });

  it('remote names and dns.filter.local: what is listed there stays', () => {
    assert.deepEqual(
      answers({ remote: ['rds.example', 'b.example'], dnsLocal: ['rds.example'] }, 'rds.example', 'b.example', 'db'),
      ['local', 'cluster', 'default'],
    );
  });

  it('a local name with a port keeps its answer', () => {
    assert.deepEqual(answers({ local: ['db:5432'] }, 'db'), ['default']);
  });

  it('DNS off: the machine answers everything', () => {
    assert.deepEqual(answers({ dnsEnabled: false, remote: ['rds.example'] }, 'rds.example', 'db'), ['local', 'local']);
  });

  it('everything in scope: the cluster answers all but what is local', () => {
    assert.deepEqual(answers({ scope: 'all', local: ['db'] }, 'db', 'example.com', 'localhost'), [
      'local',
      'cluster',
      'local',
    ]);
  });

  it('a protocol that is off takes its entries with it', () => {
    assert.deepEqual(answers({ udp: false, local: ['udp://db', 'tcp://web'] }, 'db', 'web'), ['default', 'local']);
  });

  it('addresses in dns.filter mean reverse names', () => {
    const own = { dnsLocal: ['10.96.0.0/24', '[fd00::1]', ':53'] };
    const v6 = `1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`;
    assert.deepEqual(answers(own, '7.0.96.10.in-addr.arpa', '7.1.96.10.in-addr.arpa', v6), [
      'local',
      'default',
      'local',
    ]);
    assert.deepEqual(answers(own, '0.96.10.in-addr.arpa', '7.0.96.10.in-addr.arpa.example'), ['default', 'default']);
    assert.deepEqual(answers({ dnsRemote: ['db'] }, '7.1.96.10.in-addr.arpa'), ['local']);
  });

  it('dns.hosts answers in every form of the name', () => {
    const filter = new Filter(settings({ hosts: { 'DB.default.': ['127.0.0.1', '::1'] } }));
    assert.deepEqual(filter.host(nameForms('db.default.svc.cluster.local', NAMES)), ['127.0.0.1', '::1']);
    assert.equal(filter.host(nameForms('web', NAMES)), undefined);
  });

  it('an entry that is none is an error with its place', () => {
    assert.throws(() => new Filter(settings({ local: ['ok', 'a*b'] })), /filter\.local\[1\] = "a\*b": .*position 2/);
  });
});
