import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FakeServer, json, kubeconfigFor } from '../kube/support/fake-server.ts';

const MIRRORD = join(import.meta.dirname, '../../../bin/mirrord');
const env = { PATH: process.env['PATH'], HOME: '/nonexistent' };

describe('a target without a kind', function () {
  this.timeout(30_000);
  let fake: FakeServer;

  beforeEach(async () => {
    fake = await FakeServer.start();
    const labels = { app: 'payments' };
    const metadata = { name: 'payments', namespace: 'default' };
    const list = (...items: object[]): ReturnType<typeof json> => json({ metadata: { resourceVersion: '1' }, items });
    const pod = { metadata: { ...metadata, name: 'payments-0', labels }, spec: { containers: [{ name: 'main' }] } };
    fake.answers.set('/api/v1/namespaces/default/pods', list(pod));
    fake.answers.set(
      '/apis/apps/v1/namespaces/default/deployments',
      list(
        { metadata, spec: { selector: { matchLabels: labels } } },
        { metadata: { ...metadata, name: 'other' }, spec: { selector: { matchLabels: labels } } },
      ),
    );
    fake.answers.set('/api/v1/namespaces/default/services', list({ metadata, spec: { selector: labels } }));
  });
  afterEach(() => fake.stop());

  async function told(name: string, kubeconfig: string): Promise<{ code: string; message: string; help: string }> {
    const run = promisify(execFile)(MIRRORD, ['up', '--json', '-t', name, '--kubeconfig', kubeconfig], { env });
    const { code, stderr } = (await run.then(
      () => assert.fail('it went on'),
      (error: unknown) => error,
    )) as { code: number; stderr: string };
    assert.equal(code, 2, stderr);
    return (JSON.parse(stderr) as { error: { code: string; message: string; help: string } }).error;
  }

  it('is given those that there are', async () => {
    assert.deepEqual(await told('payments', kubeconfigFor(`https://127.0.0.1:${fake.port}`)), {
      code: 'target-kind-missing',
      message: 'The target payments has no kind.',
      help: 'There are: deployment/payments, service/payments.',
    });
  });

  it('is told when there is none', async () => {
    const { help } = await told('checkout', kubeconfigFor(`https://127.0.0.1:${fake.port}`));
    assert.match(help, /deployment\/checkout, .*None of these exists; `\S*mirrord ls` lists the targets\.$/);
  });

  it('is told how it is written where the cluster cannot be asked', async () => {
    const { code, help } = await told('payments', '/nonexistent');
    assert.equal(code, 'target-kind-missing');
    assert.match(help, /^Write -t KIND\/NAME: deployment\/payments, .*pod\/payments\.$/);
  });
});
