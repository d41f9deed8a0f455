import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FakeServer, json, kubeconfigFor } from '../kube/support/fake-server.ts';

const MIRRORD = join(import.meta.dirname, '../../../bin/mirrord');
const TOKEN = 'a-very-secret-token';

describe('mirrord ls -v', function () {
  this.timeout(30_000);
  let fake: FakeServer;
  before(async () => {
    fake = await FakeServer.start();
    fake.answers.set('/api/v1/namespaces/default/pods', json({ metadata: { resourceVersion: '1' }, items: [] }));
  });
  after(() => fake.stop());

  const ls = (...args: string[]) => {
    const kubeconfig = kubeconfigFor(`https://127.0.0.1:${fake.port}`, {}, { token: TOKEN });
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent' };
    return promisify(execFile)(MIRRORD, ['ls', '-o', 'json', '--kubeconfig', kubeconfig, ...args], { env });
  };

  it('shows each call of the API with its outcome beside the answer, and no secret', async () => {
    const { stdout, stderr } = await ls('-v');
    assert.deepEqual(JSON.parse(stdout), []);
    assert.match(stderr, /^GET \/api\/v1\/namespaces\/default\/pods\?\S+: 200 \(\d+ ms\)$/m);
    assert.match(stderr, /^GET \/apis\/apps\/v1\/namespaces\/default\/deployments\S*: 404 \(\d+ ms\)$/m);
    assert.ok(!stderr.includes(TOKEN));
  });

  it('is silent without', async () => assert.equal((await ls()).stderr, ''));
});
