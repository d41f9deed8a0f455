import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStaticClient } from '../../../scripts/sandbox/static-client.ts';
import { HOME } from '../support/developer.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up on Kubernetes, any program', () => {
  const world = useSession();
  const url = 'http://web:8080/';
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-programs-'));
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('Python', async () => {
    const get = `import urllib.request as u; print(u.urlopen('${url}', timeout=10).read().decode(), end='')`;
    assert.match(await world.run('/usr/bin/python3', '-c', get), /^web-/);
  });

  it('Node, by the C library and by its own resolver', async () => {
    const get = `fetch('${url}').then((r) => r.text()).then((t) => process.stdout.write(t))`;
    assert.match(await world.run(process.execPath, '-e', get), /^web-/);
    const name = `web.${world.objects.home}.svc.cluster.local`;
    const resolve = `require('dns').promises.resolve4('${name}').then((a) => console.log(a.join()))`;
    assert.equal(await world.run(process.execPath, '-e', resolve), `${world.objects.services.web.v4}\n`);
  });

  it('a static binary, into which no library can be preloaded', async () => {
    const binary = await buildStaticClient(folder);
    assert.match(await world.run(binary, world.objects.services.web.v4, '8080'), /web-.* GET \/static/);
  });

  it('kubectl goes on working, with streams of its own', async () => {
    const kubectl = async (...args: string[]): Promise<string> => {
      const all = ['--kubeconfig', `${HOME}/.kube/config`, ...args];
      // Wherever the tests have it from, root may run it.
      const { code, stdout, stderr } = await world.developer.run('kubectl', all, { as: 'root' });
      assert.equal(code, 0, stderr);
      return stdout;
    };
    assert.match(await kubectl('get', 'namespaces'), new RegExp(world.objects.home));
    const { name } = world.objects.pods.web;
    assert.equal(await kubectl('exec', '-n', world.objects.home, name, '--', 'node', '-p', '6*7'), '42\n');
  });
});
