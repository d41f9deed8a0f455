import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CERT, FakeServer, json, KEY, kubeconfigFor } from '../../socket/kube/support/fake-server.ts';
import { OUTPUTS, V1 } from '../../support/odd-credentials.ts';
import { scratch } from './support/cluster.ts';

describe('kubectl and the table of odd credentials', () => {
  let fake: FakeServer;
  let got: string | null;

  before(async () => {
    fake = await FakeServer.start();
    fake.answers.set('/version', (request, response) => {
      got = request.headers.authorization?.replace('Bearer ', '') ?? '';
      json({ gitVersion: 'v1' })(request, response);
    });
  });
  after(() => fake.stop());

  for (const { what, apiVersion = V1, text, token } of OUTPUTS) {
    it(what, async () => {
      const output = join(scratch(), 'output');
      const pem = (file: Buffer): string => JSON.stringify(file.toString()).slice(1, -1);
      writeFileSync(output, text.replace('$CERT', pem(CERT)).replace('$KEY', pem(KEY)));
      const exec = { apiVersion, command: 'cat', args: [output], interactiveMode: 'Never' };
      const kubeconfig = kubeconfigFor(`https://127.0.0.1:${fake.port}`, {}, { token: undefined, exec });
      got = null;
      await promisify(execFile)('kubectl', ['get', '--raw', '/version', '--kubeconfig', kubeconfig]).catch(() => {});
      assert.equal(got, token);
    });
  }
});
