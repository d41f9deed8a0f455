import assert from 'node:assert/strict';
import { Filter } from '../../../src/filter/index.ts';
import { vouchedNames } from '../../../src/names/vouched-names.ts';
import { describeNames, describeRoutes } from '../../../src/session/summary.ts';
import { takenNames } from '../../../src/session/taken-names.ts';
import { type NetworkInput, settings } from '../support/filter.ts';

const RESOLV_CONF = 'search default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n';

function names(namespaces: readonly string[], input: NetworkInput = {}, service?: string): string {
  const filter = new Filter(settings(input));
  const discovery = {
    ranges: ['10.96.0.0/16'],
    namespaces,
    allNamespaces: true,
    domains: ['cluster.local'],
    notes: [],
  };
  const found = vouchedNames(RESOLV_CONF, { byServer: discovery.domains, byUser: filter.domains });
  return describeNames(takenNames(found, discovery, filter), service);
}

describe('the routes in a line', () => {
  const line = (...routes: string[]): string => describeRoutes(routes, 'mirrord0');

  it('are listed, those of IPv6 counted', () => {
    assert.equal(line('10.96.0.0/16', '10.244.0.0/24'), '10.96.0.0/16 and 10.244.0.0/24 → mirrord0');
    assert.equal(
      line('10.96.0.0/16', 'fd00:10:96::/112', '10.244.0.0/24', 'fd00:10:244::/64'),
      '10.96.0.0/16, 10.244.0.0/24 and 2 IPv6 ranges → mirrord0',
    );
    assert.equal(line('10.96.0.0/16', 'fd00::/64'), '10.96.0.0/16 and 1 IPv6 range → mirrord0');
  });

  it('are those of IPv6 where there are no others', () => assert.equal(line('fd00::/64'), 'fd00::/64 → mirrord0'));
  it('may be none', () => assert.equal(line(), 'none → mirrord0'));

  it('stay a line, whatever their number', () => {
    const many = Array.from({ length: 300 }, (_, i) => `10.${i}.0.0/16`);
    assert.equal(
      line(...many, 'fd00::/64'),
      '10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 296 more and 1 IPv6 range → mirrord0',
    );
  });
});

describe('the names in a line', () => {
  it('have one form each, however many namespaces there are', () => {
    const namespaces = Array.from({ length: 3_000 }, (_, i) => `team-${i}`);
    assert.equal(names(namespaces), '*.cluster.local, my-service (default), my-service.NAMESPACE (3000)');
  });

  it('are shown with a service that is there', () =>
    assert.equal(names(['default'], {}, 'web'), '*.cluster.local, web (default), web.NAMESPACE (1)'));

  it('have what the configuration names', () => {
    const remote = Array.from({ length: 6 }, (_, i) => `h${i}.example`);
    assert.equal(
      names(['default'], { remote }),
      '*.cluster.local, my-service (default), my-service.NAMESPACE (1), h0.example, h1.example, h2.example, h3.example, 2 more',
    );
  });

  it('say which namespaces are public names', () =>
    assert.match(
      names(['default', 'dev', 'app']),
      /NAMESPACE \(1\); not the public dev and app \(web\.dev\.svc belongs to the cluster; .*--domain dev\)$/,
    ));
});
