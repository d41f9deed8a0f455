import assert from 'node:assert/strict';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up, by name', () => {
  const world = useSession();

  const forms: readonly [string, RegExp][] = [
    ['payment-service:8080', /^payment-service at/],
    ['payment-service.default:8080', /^payment-service at/],
    ['payment-service.default.svc:8080', /^payment-service at/],
    ['payment-service.default.svc.cluster.local:8080', /^payment-service at/],
    ['payment-service.default.svc.cluster.local.:8080', /^payment-service at/],
    ['PAYMENT-Service.Default.svc:8080', /^payment-service at/],
    ['inventory.shop.svc', /^inventory at/],
    ['inventory.shop.svc.cluster.local', /^inventory at/],
    ['cache:8080', /^cache at/],
    ['cache-1.cache.default:8080', /^cache at 10\.244\.0\.12|^cache at fd00:10:244::c/],
    ['cache-0.cache.default.svc.cluster.local:8080', /^cache at/],
    ['v4only:8080', /^v4only at/],
    ['v6only:8080', /^v6only at/],
    ['www.example.com', /^the public web at/],
  ];
  for (const [name, answer] of forms) {
    it(`curl reaches ${name}`, async () => {
      assert.match(await world.run('curl', '-sS', `http://${name}/`), answer);
    });
  }

  it('getent gives the addresses of both families', async () => {
    const lines = await world.run('getent', 'ahosts', 'payment-service');
    assert.match(lines, new RegExp(`^${service(1).v4} `, 'm'));
    assert.match(lines, new RegExp(`^${service(1).v6} `, 'm'));
  });

  it('getent knows the name of an address', async () => {
    assert.match(await world.run('getent', 'hosts', service(1).v4), /payment-service\.default\.svc\.cluster\.local/);
  });

  it('asks the public name server for public names alone, and the cluster never for them', async () => {
    const asked = world.sandbox.cluster.queries().filter((question) => question.toLowerCase().includes('example.com'));
    assert.deepEqual(asked, []);
    const leaked = world.sandbox.internet
      .queries()
      .filter((question) => /cluster\.local|payment-service|\.svc/i.test(question));
    // The search list of the machine's own resolv.conf is glibc's to try first.
    assert.deepEqual(
      leaked.filter((question) => !question.endsWith('.home.example')),
      [],
    );
  });
});
