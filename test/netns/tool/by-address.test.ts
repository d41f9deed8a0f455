import assert from 'node:assert/strict';
import { pod, service } from '../../../scripts/sandbox/addresses.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up, by address', () => {
  const world = useSession();

  it('reaches a service over IPv4', async () => {
    assert.equal(
      await world.run('curl', '-sS', `http://${service(1).v4}:8080/a`),
      `payment-service at ${service(1).v4}: GET /a\n`,
    );
  });

  it('reaches a service over IPv6', async () => {
    assert.equal(
      await world.run('curl', '-sS', `http://[${service(1).v6}]:8080/a`),
      `payment-service at ${service(1).v6}: GET /a\n`,
    );
  });

  it('reaches a pod over both', async () => {
    assert.match(await world.run('curl', '-sS', `http://${pod(11).v4}:8080/`), /^cache at/);
    assert.match(await world.run('curl', '-sS', `http://[${pod(12).v6}]:8080/`), /^cache at/);
  });

  it('leaves the rest of the world where it was', async () => {
    assert.match(await world.run('curl', '-sS', 'http://203.0.113.80/'), /^the public web/);
    assert.match(await world.run('curl', '-sS', 'http://[2001:db8:80::80]/'), /^the public web/);
  });

  it('answers a ping of what is there, over IPv4 and IPv6', async () => {
    await world.run('ping', '-c', '2', '-i', '0.2', '-W', '2', service(1).v4);
    await world.run('ping', '-c', '2', '-i', '0.2', '-W', '2', service(1).v6);
  });
});
