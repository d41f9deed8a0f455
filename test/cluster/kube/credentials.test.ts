import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { MirrordError } from '../../../src/errors.ts';
import { openCluster } from '../../support/bundled-kube.ts';
import { dropNamespace, eventually, kubectl, makeNamespace, scratch, writeKubeconfig } from './support/cluster.ts';

/** Mocha limits each test; a deadline from here on would run while others do. */
const { signal } = new AbortController();

function token(namespace: string): string {
  return kubectl(['create', 'token', 'default', '-n', namespace, '--duration=10m']).trim();
}

async function opened(kubeconfig: string): Promise<void> {
  const cluster = await openCluster({ kubeconfig, cwd: process.cwd() });
  cluster.close();
}

/** A plugin as a shell script in its own folder; it finds its folder in `$0`. */
function plugin(script: string): string {
  const file = path.join(scratch(), 'plugin');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

function execUser(command: string, more: object = {}): Record<string, unknown> {
  return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never', ...more } };
}

describe('credentials', function () {
  this.timeout(30_000);
  let namespace: string;

  before(async () => {
    namespace = await makeNamespace();
  });
  after(() => dropNamespace(namespace));

  it('takes a token from the file', () => opened(writeKubeconfig({ token: token(namespace) }, namespace)));

  it('is told at once that a token is not accepted', async () => {
    await assert.rejects(opened(writeKubeconfig({ token: 'expired' }, namespace)), {
      code: 'credentials-rejected',
      failure: 'cluster',
      message: /Unauthorized/,
    });
  });

  it('warns that there are no credentials at all', async () => {
    const cluster = await openCluster({ kubeconfig: writeKubeconfig({}, namespace), cwd: process.cwd() });
    assert.match(cluster.warnings.join('\n'), /no credentials/);
    cluster.close();
  });

  it('picks up a token file that rotates', async () => {
    const folder = scratch();
    const file = path.join(folder, 'token');
    writeFileSync(file, `${token(namespace)}\n`);
    const kubeconfig = writeKubeconfig({ tokenFile: file }, namespace);
    const cluster = await openCluster({ kubeconfig, cwd: process.cwd() });
    writeFileSync(file, 'expired');
    await assert.rejects(cluster.discover(null, signal), { code: 'credentials-rejected' });
    writeFileSync(file, token(namespace));
    await cluster.discover(null, signal);
    cluster.close();
  });

  it('takes client certificates from files beside the kubeconfig', async () => {
    const admin = JSON.parse(kubectl(['config', 'view', '--raw', '--minify', '-o', 'json'])) as {
      users: { user: Record<string, string> }[];
    };
    const kubeconfig = writeKubeconfig({ 'client-certificate': 'pki/me.crt', 'client-key': 'pki/me.key' }, 'default');
    const folder = path.join(path.dirname(kubeconfig), 'pki');
    const { mkdirSync } = await import('node:fs');
    mkdirSync(folder);
    const user = admin.users[0].user;
    writeFileSync(path.join(folder, 'me.crt'), Buffer.from(user['client-certificate-data'], 'base64'));
    writeFileSync(path.join(folder, 'me.key'), Buffer.from(user['client-key-data'], 'base64'));
    const cluster = await openCluster({ kubeconfig, cwd: process.cwd() });
    assert.ok((await cluster.discover(null, signal)).ranges.length >= 4);
    cluster.close();
  });

  it('runs an exec plugin by a path relative to the kubeconfig, with its arguments and environment', async () => {
    const kubeconfig = writeKubeconfig(
      execUser('./bin/login', {
        args: ['--for', 'me'],
        env: [{ name: 'WHO', value: 'them' }],
        provideClusterInfo: true,
      }),
      namespace,
    );
    const { mkdirSync } = await import('node:fs');
    const folder = path.join(path.dirname(kubeconfig), 'bin');
    mkdirSync(folder);
    const seen = path.join(folder, 'seen');
    writeFileSync(
      path.join(folder, 'login'),
      `#!/bin/sh\necho "$*|$WHO|$KUBERNETES_EXEC_INFO" > ${seen}\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}' ${token(namespace)}\n`,
    );
    chmodSync(path.join(folder, 'login'), 0o755);
    await opened(kubeconfig);
    const [args, who, info] = readFileSync(seen, 'utf8').trim().split('|');
    assert.equal(args, '--for me');
    assert.equal(who, 'them');
    const spec = (JSON.parse(info) as { spec: { interactive: boolean; cluster: { server: string } } }).spec;
    assert.equal(spec.interactive, false);
    assert.match(spec.cluster.server, /^https:/);
  });

  it('asks an exec plugin again once its credential has expired, and when it is refused', async () => {
    const folder = scratch();
    writeFileSync(path.join(folder, 'token'), token(namespace));
    const command = plugin(
      `echo x >> ${folder}/calls; ` +
        `printf '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s","expirationTimestamp":"2020-01-01T00:00:00Z"}}' "$(cat ${folder}/token)"`,
    );
    const cluster = await openCluster({
      kubeconfig: writeKubeconfig(execUser(command), namespace),
      cwd: process.cwd(),
    });
    const calls = (): number => readFileSync(path.join(folder, 'calls'), 'utf8').length;
    const before = calls();
    await cluster.discover(null, signal);
    assert.ok(calls() > before);
    cluster.close();

    const lasting = plugin(
      `echo x >> ${folder}/lasting; printf '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}' "$(cat ${folder}/token)"; echo bad > ${folder}/token`,
    );
    writeFileSync(path.join(folder, 'token'), 'bad');
    const again = openCluster({ kubeconfig: writeKubeconfig(execUser(lasting), namespace), cwd: process.cwd() });
    await assert.rejects(again, { code: 'credentials-rejected' });
    assert.equal(readFileSync(path.join(folder, 'lasting'), 'utf8').length, 4);
  });

  it('names an exec plugin that is not there, with its hint', async () => {
    const user = execUser('no-such-plugin', { installHint: 'get it from the wiki' });
    await assert.rejects(opened(writeKubeconfig(user, namespace)), {
      code: 'exec-plugin-missing',
      failure: 'cluster',
      message: /no-such-plugin/,
      help: /get it from the wiki/,
    });
  });

  it('shows what a failing exec plugin said', async () => {
    const command = plugin('echo "your login has expired, run acme login" >&2; exit 3');
    await assert.rejects(opened(writeKubeconfig(execUser(command), namespace)), {
      code: 'exec-plugin-failed',
      failure: 'cluster',
      message: /exit code 3:\nyour login has expired, run acme login/,
    });
  });

  it('refuses what an exec plugin prints when it is no credential', async () => {
    const user = execUser(plugin('echo Hello'));
    await assert.rejects(opened(writeKubeconfig(user, namespace)), { code: 'exec-plugin-output' });
    const empty = execUser(plugin('echo "{}"'));
    await assert.rejects(opened(writeKubeconfig(empty, namespace)), { code: 'exec-plugin-output' });
  });

  it('ends an exec plugin that waits for somebody, and its children', async () => {
    const folder = scratch();
    const command = plugin(`echo "open the browser" >&2; sleep 300 & echo $! > ${folder}/child; wait`);
    const begin = performance.now();
    const failure = await opened(writeKubeconfig(execUser(command), namespace)).then(
      () => assert.fail('opened'),
      (error: MirrordError) => error,
    );
    assert.equal(failure.code, 'exec-plugin-timeout');
    assert.match(failure.message, /open the browser/);
    assert.ok(performance.now() - begin < 11_000);
    const child = Number(readFileSync(path.join(folder, 'child'), 'utf8'));
    await eventually('its child is gone', () => {
      try {
        return !readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('sleep');
      } catch {
        return true;
      }
    });
  });

  it('waits for no exec plugin once it is aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('Ctrl-C');
    const kubeconfig = writeKubeconfig(execUser(plugin('sleep 3')), namespace);
    const begin = performance.now();
    const opening = openCluster({ kubeconfig, cwd: process.cwd(), signal: controller.signal });
    setTimeout(() => controller.abort(reason), 100);
    await assert.rejects(opening, reason);
    assert.ok(performance.now() - begin < 2_000);
  });

  it('explains a certificate that another authority signed', async () => {
    const other = readFileSync(new URL('./support/other-ca.pem', import.meta.url)).toString('base64');
    const kubeconfig = writeKubeconfig({ token: 'x' }, namespace, { 'certificate-authority-data': other });
    await assert.rejects(opened(kubeconfig), {
      code: 'api-certificate',
      failure: 'cluster',
      message: /is not trusted/,
    });
  });

  it('does without verification when told to, and says so', async () => {
    const kubeconfig = writeKubeconfig({ token: token(namespace) }, namespace, {
      'certificate-authority-data': '',
      'insecure-skip-tls-verify': true,
    });
    const cluster = await openCluster({ kubeconfig, cwd: process.cwd() });
    assert.match(cluster.warnings.join('\n'), /not verified/);
    cluster.close();
  });

  it('checks the certificate against tls-server-name', async () => {
    const user = { token: token(namespace) };
    await opened(writeKubeconfig(user, namespace, { 'tls-server-name': 'kubernetes.default.svc' }));
    await assert.rejects(opened(writeKubeconfig(user, namespace, { 'tls-server-name': 'elsewhere.example' })), {
      code: 'api-certificate',
      message: /other names.*elsewhere\.example/,
    });
  });

  it('impersonates', async () => {
    const admin = JSON.parse(kubectl(['config', 'view', '--raw', '--minify', '-o', 'json'])) as {
      users: { user: Record<string, string> }[];
    };
    const user = { ...admin.users[0].user, as: 'jane', 'as-groups': ['friends', 'family'] };
    const cluster = await openCluster({ kubeconfig: writeKubeconfig(user, 'default'), cwd: process.cwd() });
    const { request } = await import('./support/cluster.ts');
    await assert.rejects(
      cluster.startAgent(request(), () => {}, signal),
      { message: /User "jane"/ },
    );
    cluster.close();
  });

  it('names a namespace that is not there, and the nearest', async () => {
    await assert.rejects(openCluster({ namespace: 'kube-sistem', cwd: process.cwd() }), {
      code: 'namespace-unknown',
      failure: 'usage',
      help: /kube-system/,
    });
  });
});
