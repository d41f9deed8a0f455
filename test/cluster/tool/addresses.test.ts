import assert from 'node:assert/strict';
import { useSession } from '../support/session.ts';

describe('mirrord up on Kubernetes, by address', () => {
  const world = useSession();
  const get = (address: string, port = 8080): Promise<string> =>
    world.run('curl', '-sS', '-m', '10', `http://${address.includes(':') ? `[${address}]` : address}:${port}/a`);

  it('reaches a service over IPv4 and IPv6', async () => {
    const { v4, v6 } = world.objects.services.web;
    assert.match(await get(v4), /^web-.* GET \/a$/m);
    assert.match(await get(v6), /^web-.* GET \/a$/m);
  });

  it('reaches a service of another namespace', async () => {
    assert.match(await get(world.objects.services.inventory.v4), /^inventory-/);
  });

  it('reaches a pod over IPv4 and IPv6', async () => {
    const { v4, v6 } = world.objects.pods['db-1'];
    assert.match(await get(v4), /^db-1 /);
    assert.match(await get(v6), /^db-1 /);
  });

  it('is seen by the server as a pod of the cluster', async () => {
    assert.match(await get(world.objects.pods.web.v4), / to ::ffff:10\.244\.0\.\d+:/);
    assert.match(await get(world.objects.pods.web.v6), / to fd00:10:244::[0-9a-f]+:/);
  });

  it('reaches the API server by its service address', async () => {
    assert.match(await world.run('curl', '-sSk', '-m', '10', 'https://kubernetes.default.svc/version'), /gitVersion/);
  });

  it('answers a ping of a pod, over IPv4 and IPv6', async () => {
    const { v4, v6 } = world.objects.pods.web;
    await world.run('ping', '-c', '2', '-i', '0.2', '-W', '3', v4);
    await world.run('ping', '-c', '2', '-i', '0.2', '-W', '3', v6);
  });
});
