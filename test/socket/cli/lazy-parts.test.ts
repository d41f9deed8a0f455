/** `mirrord` as it is built, where it needs what few people need: a proxy, a login of old kind. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FakeServer, json, kubeconfigFor } from '../kube/support/fake-server.ts';
import { connectProxy, socksProxy } from '../kube/support/proxies.ts';

const MIRRORD = join(import.meta.dirname, '../../../bin/mirrord');
/** Only a proxy can reach this name. */
const INSIDE = 'https://inside.invalid:6443';

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Nothing of a developer's own: a proxy, a configuration. */
const env = { PATH: process.env['PATH'], HOME: '/nonexistent' };
const idToken = [base64({ alg: 'none' }), base64({ exp: 4_000_000_000 }), 'x'].join('.');

describe('the built program', function () {
  this.timeout(30_000);
  const proxies: NetServer[] = [];
  let fake: FakeServer;
  let authorization: string | undefined;

  beforeEach(async () => {
    fake = await FakeServer.start();
    fake.answers.set('/api/v1/namespaces/default/pods', (request, response) => {
      authorization = request.headers.authorization;
      const pod = { metadata: { name: 'web', namespace: 'default' }, spec: { containers: [{ name: 'main' }] } };
      json({ metadata: { resourceVersion: '1' }, items: [pod] })(request, response);
    });
  });
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) proxy.close();
    await fake.stop();
  });

  const listen = async (proxy: NetServer): Promise<number> => {
    proxies.push(proxy);
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    return (proxy.address() as AddressInfo).port;
  };

  const listsPods = async (kubeconfig: string): Promise<void> => {
    const args = ['ls', '--kinds', 'pod', '-o', 'json', '--kubeconfig', kubeconfig];
    const { stdout } = await promisify(execFile)(MIRRORD, args, { env });
    assert.deepEqual(JSON.parse(stdout), ['pod/web']);
  };

  it('goes through a SOCKS 5 proxy', async () => {
    const asked: string[] = [];
    const url = `socks5://127.0.0.1:${await listen(socksProxy(fake.port, asked))}`;
    await listsPods(kubeconfigFor(INSIDE, { 'proxy-url': url, 'tls-server-name': 'localhost' }));
    assert.equal(asked[0], 'inside.invalid');
  });

  it('goes through an HTTP proxy', async () => {
    const asked: string[] = [];
    const url = `http://127.0.0.1:${await listen(connectProxy(fake.port, asked))}`;
    await listsPods(kubeconfigFor(INSIDE, { 'proxy-url': url, 'tls-server-name': 'localhost' }));
    assert.match(asked[0], /^inside\.invalid:6443 /);
  });

  for (const [name, config, token] of [
    ['oidc', { 'client-id': 'me', 'idp-issuer-url': 'https://login.invalid', 'id-token': idToken }, idToken],
    ['gcp', { 'access-token': 'abc', expiry: '2099-01-01T00:00:00Z' }, 'abc'],
    ['azure', { 'access-token': 'abc', 'expires-on': '4000000000' }, 'abc'],
  ] as const) {
    it(`logs in by the auth-provider ${name}`, async () => {
      const user = { token: undefined, 'auth-provider': { name, config } };
      await listsPods(kubeconfigFor(`https://127.0.0.1:${fake.port}`, {}, user));
      assert.equal(authorization, `Bearer ${token}`);
    });
  }
});
