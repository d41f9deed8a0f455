import assert from 'node:assert/strict';
import { Filter } from '../../../src/filter/index.ts';
import { checkDnsState } from '../../../src/host/requests.ts';
import { routedDomains } from '../../../src/session/domains.ts';
import { type NetworkInput, settings } from '../support/filter.ts';

/** The domains that come to our resolver, as the host takes them. */
function domains(input: NetworkInput): readonly string[] {
  const discovery = { ranges: ['10.96.0.0/16'], namespaces: ['prod'], allNamespaces: true, domains: null, notes: [] };
  const found = routedDomains(['cluster.local'], discovery.namespaces, discovery, new Filter(settings(input)));
  const state = { mode: 'auto', servers: [], redirects: [], exempt: { hopLimit: 100, tcp: [] }, search: [] };
  return checkDnsState({ ...state, domains: found, everything: false }).domains;
}

describe('the names that must come to our resolver', () => {
  it('the cluster’s own, what the filter and dns.hosts name, namespaces, reverse zones', () => {
    assert.deepEqual(domains({ remote: ['rds.example:5432', '*.corp.example', '1.2.3.4'], hosts: { db: ['::1'] } }), [
      'cluster.local',
      'svc',
      'rds.example',
      'corp.example',
      'db',
      'prod',
      '96.10.in-addr.arpa',
    ]);
  });

  it('are in one form, however the configuration writes them', () => {
    const hosts = { 'DB.Prod.': ['127.0.0.1'], 'db.prod': ['127.0.0.1'] };
    assert.deepEqual(domains({ dnsLocal: ['Rds.Example.', 'rds.example'], hosts }).slice(2, 4), [
      'rds.example',
      'db.prod',
    ]);
  });

  it('are all that an entry of the filter may be', () => {
    assert.deepEqual(domains({ local: ['-a.b-', '*._tcp.a_'] }).slice(2, 4), ['-a.b-', '_tcp.a_']);
  });
});
