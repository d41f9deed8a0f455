import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Discovery } from '../../../src/kube/cluster.ts';
import { openCluster } from '../../../src/kube/open-cluster.ts';
import { CERT, FakeServer, json, kubeconfigFor, status } from './support/fake-server.ts';

/** For kubernetes.default.svc.cluster.local and kubernetes.default.svc.prod.example.com. */
const NAMED = {
  cert: readFileSync(new URL('./support/named-cert.pem', import.meta.url)),
  key: readFileSync(new URL('./support/named-key.pem', import.meta.url)),
};
const ISSUER = '/.well-known/openid-configuration';

describe('the cluster’s domain', function () {
  this.timeout(20_000);
  let fake: FakeServer;
  beforeEach(async () => {
    fake = await FakeServer.start();
  });
  afterEach(() => fake.stop());

  async function discover(cluster: Record<string, unknown> = {}): Promise<Discovery> {
    const kubeconfig = kubeconfigFor(`https://127.0.0.1:${fake.port}`, cluster);
    const opened = await openCluster({ kubeconfig, cwd: '/' });
    try {
      return await opened.discover(null, new AbortController().signal);
    } finally {
      opened.close();
    }
  }

  it('is in the API server’s certificate', async () => {
    fake.server.setSecureContext(NAMED);
    const { domains, notes } = await discover({ 'certificate-authority-data': NAMED.cert.toString('base64') });
    assert.deepEqual(domains, ['cluster.local', 'prod.example.com']);
    assert.ok(notes.includes('cluster domain from the API server: cluster.local, prod.example.com'), notes.join('\n'));
    assert.ok(!fake.seen.includes(ISSUER), 'nothing more has to be asked');
  });

  it('is not taken from a certificate that nobody verified', async () => {
    fake.server.setSecureContext(NAMED);
    const insecure = { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true };
    assert.deepEqual((await discover(insecure)).domains, []);
  });

  it('is in the issuer of service accounts, where a proxy shows another certificate', async () => {
    fake.answers.set(ISSUER, json({ issuer: 'https://kubernetes.default.svc.K8s.internal' }));
    assert.deepEqual((await discover()).domains, ['k8s.internal']);
  });

  const silent: readonly (readonly [string, Parameters<typeof fake.answers.set>[1]])[] = [
    ['an issuer elsewhere', json({ issuer: 'https://oidc.example.com/id/7' })],
    ['an issuer that only looks alike', json({ issuer: 'https://kubernetes.default.svc.com.evil.example/' })],
    ['no issuer', json({})],
    ['a refusal', status(403, 'forbidden')],
    ['a proxy’s page', (_request, response) => void response.end('<html>')],
  ];
  for (const [what, answer] of silent) {
    it(`is not known by ${what}, which is no failure`, async () => {
      fake.answers.set(ISSUER, answer);
      const { domains } = await discover({ 'certificate-authority-data': CERT.toString('base64') });
      assert.ok(!domains?.includes('com'));
      assert.ok(domains?.every((domain) => domain === 'com.evil.example'));
    });
  }
});
