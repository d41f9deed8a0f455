import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStaticClient } from '../../../scripts/sandbox/static-client.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up, any program', () => {
  const world = useSession();
  const url = 'http://payment-service.default:8080/';
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-programs-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('Python', async () => {
    const script = join(folder, 'get.py');
    writeFileSync(script, `import urllib.request\nprint(urllib.request.urlopen('${url}').read().decode(), end='')\n`);
    const { stdout, stderr } = await world.sandbox.developer.run('python3', [script]);
    assert.match(stdout, /^payment-service at/, stderr);
  });

  it('Node, with its own resolver too', async () => {
    const get = `fetch('${url}').then((r) => r.text()).then((t) => process.stdout.write(t))`;
    assert.match(await world.run(process.execPath, '-e', get), /^payment-service at/);
    const resolve = `require('dns').promises.resolve4('payment-service.default.svc.cluster.local').then((a) => console.log(a[0]))`;
    assert.equal(await world.run(process.execPath, '-e', resolve), '10.96.10.1\n');
  });

  it('a static binary, into which no library can be preloaded', async () => {
    const binary = await buildStaticClient(folder);
    const { stdout, stderr } = await world.sandbox.developer.run(binary, ['10.96.10.1', '8080']);
    assert.match(stdout, /payment-service at/, stderr);
  });
});
