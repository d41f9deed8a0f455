import assert from 'node:assert/strict';
import { parseKubeconfig, type ClusterEntry } from '../../../src/kube/kubeconfig/file.ts';
import { endpointOf, proxyOf } from '../../../src/kube/server/address.ts';

function cluster(fields: Record<string, string>): ClusterEntry {
  const written = { clusters: [{ name: 'c', cluster: fields }] };
  return parseKubeconfig('/f', Buffer.from(`#\n${JSON.stringify(written)}`)).clusters[0];
}

describe("the API server's address", () => {
  for (const [server, host, port, path, secure] of [
    ['https://a.example:6443', 'a.example', 6443, '', true],
    ['https://a.example', 'a.example', 443, '', true],
    ['https://a.example/k8s/clusters/c-1/', 'a.example', 443, '/k8s/clusters/c-1', true],
    ['https://[fd00::1]:6443', 'fd00::1', 6443, '', true],
    ['http://127.0.0.1:8001', '127.0.0.1', 8001, '', false],
    ['a.example:6443', 'a.example', 6443, '', true],
  ] as const) {
    it(`reads ${server}`, () => {
      assert.deepEqual(endpointOf(cluster({ server })), { host, port, path, secure, url: server });
    });
  }

  it('refuses what is none', () => {
    assert.throws(() => endpointOf(cluster({})), { code: 'context-incomplete', message: /\/f, line 2.*no server/ });
    assert.throws(() => endpointOf(cluster({ server: 'ftp://a' })), { code: 'kubeconfig-invalid' });
    assert.throws(() => endpointOf(cluster({ server: 'https://' })), { code: 'kubeconfig-invalid' });
  });
});

describe('the proxy in front of it', () => {
  const server = 'https://api.example:6443';
  const proxy = (fields: Record<string, string>, env: NodeJS.ProcessEnv, useEnv = true): string | undefined => {
    const entry = cluster({ server, ...fields });
    return proxyOf(entry, endpointOf(entry), env, useEnv)?.url;
  };

  it("is the kubeconfig's own before the environment's", () => {
    assert.equal(proxy({ 'proxy-url': 'socks5://s:1' }, { HTTPS_PROXY: 'http://e:2' }), 'socks5://s:1');
    assert.equal(proxy({}, { HTTPS_PROXY: 'http://e:2' }), 'http://e:2');
    assert.equal(proxy({}, { https_proxy: 'e:2' }), 'http://e:2');
    assert.equal(proxy({}, { HTTP_PROXY: 'http://e:2' }), undefined);
  });

  it('is not looked for in the environment when told so', () => {
    assert.equal(proxy({}, { HTTPS_PROXY: 'http://e:2' }, false), undefined);
    assert.equal(proxy({ 'proxy-url': 'http://k:1' }, {}, false), 'http://k:1');
  });

  for (const [list, isExempt] of [
    ['api.example', true],
    ['.example', true],
    ['*.example', true],
    ['other, api.example:6443', true],
    ['*', true],
    ['pi.example', false],
    ['api.example:443', false],
    ['', false],
  ] as const) {
    it(`is ${isExempt ? 'not ' : ''}used with NO_PROXY "${list}"`, () => {
      assert.equal(proxy({}, { HTTPS_PROXY: 'http://e:2', NO_PROXY: list }) === undefined, isExempt);
    });
  }

  it('is not used for addresses of a range in NO_PROXY', () => {
    const env = { HTTPS_PROXY: 'http://e:2', NO_PROXY: '10.0.0.0/8' };
    assert.equal(proxy({ server: 'https://10.1.2.3' }, env), undefined);
    assert.equal(proxy({ server: 'https://11.1.2.3' }, env), 'http://e:2');
  });

  it('never shows its password, and refuses what is none', () => {
    assert.equal(proxy({ 'proxy-url': 'http://me:secret@k:1' }, {}), 'http://k:1');
    assert.throws(() => proxy({ 'proxy-url': 'quic://k' }, {}), { code: 'proxy-invalid' });
  });
});
