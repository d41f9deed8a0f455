import assert from 'node:assert/strict';
import type { HostTable } from '../../../src/dns/hosts-file.ts';
import { Filter } from '../../../src/filter/index.ts';
import { vouchedNames } from '../../../src/names/vouched-names.ts';
import { takenNames } from '../../../src/session/taken-names.ts';
import { settings } from '../support/filter.ts';

const RESOLV_CONF = 'search com.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n';

function taken(
  namespaces: readonly string[],
  domains: readonly string[] = [],
  found: readonly string[] = [],
  hosts: HostTable = new Map(),
) {
  const filter = new Filter(settings({ domains }));
  const discovery = { ranges: [], namespaces, allNamespaces: true, domains: [], notes: [] };
  const names = vouchedNames(RESOLV_CONF, { byServer: [], byUser: filter.domains });
  return takenNames(names, discovery, filter, found, hosts);
}

describe('what a session takes over', () => {
  it('is no public name, however a namespace is called', () => {
    const names = taken(['app', 'com', 'dev', 'local', 'billing'], [], ['zip']);
    assert.deepEqual(names.domains, ['cluster.local', 'svc', 'billing']);
    assert.deepEqual(names.shortNamespaces, ['billing']);
    assert.deepEqual(names.withheld, ['app', 'com', 'dev', 'local', 'zip']);
  });

  it('has the single hosts of the pod, whose bare ones need no domain', () => {
    const hosts = new Map([
      ['legacy', ['10.1.2.3']],
      ['legacy.corp.test', ['10.1.2.3']],
    ]);
    assert.deepEqual(taken(['billing'], [], [], hosts).domains, [
      'cluster.local',
      'svc',
      'legacy.corp.test',
      'billing',
    ]);
  });

  it('still knows such a namespace by its full name', () => {
    const names = taken(['com', 'dev']);
    assert.deepEqual(names.namespaces, ['com', 'dev']);
    assert.deepEqual(names.machineSearch, ['com.svc.cluster.local', 'svc.cluster.local', 'cluster.local']);
  });

  it('is what the user gives: the namespace of that name, else every name of the domain', () => {
    const names = taken(['app', 'dev'], ['dev', 'Corp.Example.']);
    assert.deepEqual(names.shortNamespaces, ['dev']);
    assert.deepEqual(names.zones, ['cluster.local', 'corp.example']);
    assert.deepEqual(names.domains, ['cluster.local', 'corp.example', 'svc', 'dev']);
    assert.deepEqual(names.withheld, ['app']);
  });
});
