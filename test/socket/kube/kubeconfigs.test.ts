import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '../../support/bundled.ts';
import { openCluster } from '../../support/bundled-kube.ts';
import type { ResolvedTarget } from '../../../src/kube/targets/target.ts';
import { CERT, FakeServer, json, KEY, kubeconfigFor } from './support/fake-server.ts';

const pem = (text: Buffer | string): string => Buffer.from(text).toString('base64');
const EXEC_API = 'client.authentication.k8s.io/v1beta1';
const credential = (status: unknown): string =>
  JSON.stringify({ kind: 'ExecCredential', apiVersion: EXEC_API, status });
const NO_TOKEN = { token: undefined };

interface Case {
  readonly what: string;
  readonly user?: (folder: string) => Record<string, unknown>;
  readonly cluster?: Record<string, unknown>;
  /** Headers that the server gets; or the error's code and what it says. */
  readonly sends?: Record<string, string>;
  readonly fails?: readonly [code: string, failure: string, says: RegExp];
  readonly help?: RegExp;
}

function plugin(folder: string, output: string): Record<string, unknown> {
  const command = path.join(folder, 'plugin');
  writeFileSync(command, `#!/bin/sh\ncat <<'END'\n${output}\nEND\n`);
  chmodSync(command, 0o755);
  return { ...NO_TOKEN, exec: { apiVersion: EXEC_API, command, args: null, env: null } };
}

const CASES: readonly Case[] = [
  {
    what: 'a token with a line break at its end',
    user: () => ({ token: 'abc\n' }),
    sends: { authorization: 'Bearer abc' },
  },
  {
    what: 'a token with one inside',
    user: () => ({ token: 'a\nb' }),
    fails: ['credentials-unreadable', 'usage', /user "u": the token/],
  },
  {
    what: 'an empty token file',
    user: (folder) => {
      writeFileSync(path.join(folder, 'empty'), '\n');
      return { ...NO_TOKEN, tokenFile: path.join(folder, 'empty') };
    },
    fails: ['credentials-unreadable', 'usage', /tokenFile .*empty is empty/],
  },
  {
    what: 'a name and a password',
    user: () => ({ ...NO_TOKEN, username: 'me', password: 'p:w' }),
    sends: { authorization: `Basic ${Buffer.from('me:p:w').toString('base64')}` },
  },
  {
    what: 'a certificate that is none',
    user: () => ({ 'client-certificate-data': pem('x'), 'client-key-data': pem('x') }),
    fails: ['credentials-unreadable', 'usage', /client certificate or its key cannot be used/],
  },
  {
    what: 'a certificate without its key',
    user: () => ({ 'client-certificate-data': pem(CERT) }),
    fails: ['kubeconfig-invalid', 'usage', /both client-certificate and client-key/],
  },
  {
    what: 'a certificate with its key',
    user: () => ({ ...NO_TOKEN, 'client-certificate-data': pem(CERT), 'client-key-data': pem(KEY) }),
    sends: {},
  },
  {
    what: 'an authority that is not base64',
    cluster: { 'certificate-authority-data': CERT.toString() },
    fails: ['kubeconfig-invalid', 'usage', /certificate-authority-data is not base64/],
  },
  {
    what: 'an authority that is not PEM',
    cluster: { 'certificate-authority-data': pem('x') },
    fails: ['kubeconfig-invalid', 'usage', /"c" has a certificate-authority that is not PEM/],
  },
  {
    what: 'no verification',
    cluster: { 'insecure-skip-tls-verify': true, 'certificate-authority-data': '' },
    sends: {},
  },
  {
    what: 'a user beyond ASCII',
    user: () => ({ as: 'jürgen' }),
    sends: { 'impersonate-user': Buffer.from('jürgen').toString('latin1') },
  },
  {
    what: 'a user with groups, uid and extras',
    user: () => ({ as: 'jane', 'as-uid': '7', 'as-groups': ['a', 'b'], 'as-user-extra': { 'Acme.com/Scope': ['x'] } }),
    sends: {
      'impersonate-user': 'jane',
      'impersonate-uid': '7',
      'impersonate-group': 'a, b',
      'impersonate-extra-acme.com%2fscope': 'x',
    },
  },
  {
    what: 'a plugin that prints null',
    user: (folder) => plugin(folder, 'null'),
    fails: ['exec-plugin-output', 'cluster', /line 1: its apiVersion is ""/],
  },
  {
    what: 'a plugin whose time is none',
    user: (folder) => plugin(folder, credential({ token: 'x', expirationTimestamp: 'soon' })),
    fails: ['exec-plugin-output', 'cluster', /not a time: soon/],
  },
  {
    what: 'a plugin that wants a terminal',
    user: (folder) => {
      const { exec } = plugin(folder, 'Password') as { exec: object };
      return { ...NO_TOKEN, exec: { ...exec, interactiveMode: 'Always' } };
    },
    fails: ['exec-plugin-output', 'cluster', /gave no credential: line 1: it must be a mapping/],
    help: /needs a terminal/,
  },
  {
    what: 'a plugin with a line break behind its token',
    user: (folder) => plugin(folder, credential({ token: 'x\n' })),
    sends: { authorization: 'Bearer x' },
  },
  {
    what: 'a plugin that prints YAML',
    user: (folder) => plugin(folder, `kind: ExecCredential\napiVersion: ${EXEC_API}\nstatus:\n  token: x`),
    sends: { authorization: 'Bearer x' },
  },
  {
    what: 'a plugin that gives a certificate',
    user: (folder) =>
      plugin(folder, credential({ clientCertificateData: CERT.toString(), clientKeyData: KEY.toString() })),
    sends: {},
  },
  {
    what: 'a proxy of an unknown kind',
    cluster: { 'proxy-url': 'ftp://me:secret@p' },
    fails: ['proxy-invalid', 'usage', /"ftp:\/\/p"/],
  },
  {
    what: 'a proxy where nobody listens',
    cluster: { 'proxy-url': 'http://me:50%@127.0.0.1:1' },
    fails: ['proxy-failed', 'cluster', /^the proxy http:\/\/127.0.0.1:1 refuses/],
  },
  {
    what: 'a proxy whose name is nobody’s',
    cluster: { 'proxy-url': 'socks5h://p.invalid' },
    fails: ['proxy-failed', 'cluster', /name of the proxy .*p\.invalid/],
  },
];

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('kubeconfigs as people have them', function () {
  this.timeout(20_000);
  let folder: string;
  let fake: FakeServer;
  let got: IncomingHttpHeaders;
  let url: string;

  before(async () => {
    fake = await FakeServer.start();
    url = `https://127.0.0.1:${fake.port}`;
    fake.answers.set('/version', (request, response) => {
      got = request.headers;
      json({ gitVersion: 'v1' })(request, response);
    });
  });
  after(() => fake.stop());
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'mirrord-kubeconfigs-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = async (kubeconfig: string, signal = AbortSignal.timeout(15_000)): Promise<void> =>
    (await openCluster({ kubeconfig, cwd: folder, useProxy: false, signal })).close();

  for (const { what, user = () => ({}), cluster, sends, fails, help = /./ } of CASES) {
    it(`${what}: ${fails?.[0] ?? 'works'}`, async () => {
      const opening = open(kubeconfigFor(url, cluster, user(folder)));
      if (fails === undefined) {
        await opening;
        for (const [name, value] of Object.entries(sends ?? {})) assert.equal(got[name], value);
        return;
      }
      const [code, failure, message] = fails;
      await assert.rejects(opening, { code, failure, message, help });
    });
  }

  it('who logs in again meanwhile gets on: the kubeconfig is read anew when its token is refused', async () => {
    const kubeconfig = kubeconfigFor(url, {}, { token: 'old' });
    const cluster = await openCluster({ kubeconfig, cwd: folder, useProxy: false });
    let accepted = 'new';
    const asked: (string | undefined)[] = [];
    fake.answers.set('/api/v1/namespaces/default/pods/p', (request, response) => {
      asked.push(request.headers.authorization);
      const isGood = request.headers.authorization === `Bearer ${accepted}`;
      json(isGood ? { metadata: { name: 'p' } } : { message: 'Unauthorized' }, isGood ? 200 : 401)(request, response);
    });
    const read = (): Promise<unknown> =>
      cluster.targetObjects({ namespace: 'default', pod: 'p' } as ResolvedTarget, AbortSignal.timeout(5_000));
    await assert.rejects(read(), { code: 'credentials-rejected' });
    assert.deepEqual(asked, ['Bearer old']);
    const written = readFileSync(kubeconfig, 'utf8');
    writeFileSync(kubeconfig, written.replace('"old"', '"new"').replace('"t"', '"other"'));
    await read();
    // Half written, as it may be found: the last good one counts.
    writeFileSync(kubeconfig, '{');
    accepted = 'newer';
    await assert.rejects(read(), { code: 'credentials-rejected' });
    cluster.close();
  });

  it('a server that has too much to do is asked again, not for ever', async () => {
    const busy = await FakeServer.start();
    let refusals = 2;
    busy.answers.set('/version', (request, response) => {
      if (refusals-- <= 0) return json({ gitVersion: 'v1' })(request, response);
      response.setHeader('retry-after', '0');
      json({ message: 'too many requests, please try again later' }, refusals === 0 ? 503 : 429)(request, response);
    });
    const kubeconfig = kubeconfigFor(`https://127.0.0.1:${busy.port}`);
    await open(kubeconfig);
    refusals = 100;
    await assert.rejects(open(kubeconfig), { code: 'api-answer', message: /too many requests, .*HTTP 429/ });
    await busy.stop();
  });

  it('an https proxy is trusted by the authority of the kubeconfig, and asked by its name', async () => {
    const names: (string | false | null | undefined)[] = [];
    const proxy = https.createServer({ cert: CERT, key: KEY });
    proxy.on('secureConnection', (socket) => names.push(socket.servername));
    proxy.on('connect', (_request, client: Socket) => {
      const upstream = net.connect(fake.port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        client.pipe(upstream).pipe(client);
      });
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ])
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
    });
    const port = await listen(proxy);
    await open(kubeconfigFor(url, { 'proxy-url': `https://localhost:${port}` }));
    assert.deepEqual(names, ['localhost']);
    proxy.close();
  });

  for (const kind of ['socks5', 'http']) {
    it(`a silent ${kind} proxy is let go with the one who asked`, async () => {
      const ended = Promise.withResolvers<void>();
      const controller = new AbortController();
      const proxy = net.createServer((socket) => {
        socket.on('error', () => undefined).on('close', () => ended.resolve());
        socket.once('data', () => controller.abort(new Error('Ctrl-C')));
      });
      const kubeconfig = kubeconfigFor(url, { 'proxy-url': `${kind}://127.0.0.1:${await listen(proxy)}` });
      await assert.rejects(open(kubeconfig, controller.signal), { message: 'Ctrl-C' });
      await ended.promise;
      proxy.close();
    });
  }

  it('a server of an authority that this machine trusts needs none in the kubeconfig', async () => {
    const authority = path.join(folder, 'ca.pem');
    writeFileSync(authority, CERT);
    const kubeconfig = kubeconfigFor(url, { 'certificate-authority-data': undefined });
    const program = `
      const { openCluster } = await import(${JSON.stringify(await bundle('src/kube/open-cluster.ts'))});
      (await openCluster({ kubeconfig: ${JSON.stringify(kubeconfig)}, cwd: '/', useProxy: false })).close();`;
    const env = { ...process.env, SSL_CERT_FILE: authority };
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env });
  });

  it('a plain server behind a prefix and a slash is asked there', async () => {
    const asked: (string | undefined)[] = [];
    const plain = http.createServer((request, response) => {
      asked.push(request.url);
      response.end(JSON.stringify({ gitVersion: 'v1' }));
    });
    await open(kubeconfigFor(`http://127.0.0.1:${await listen(plain)}/k8s/clusters/c-xyz/`));
    assert.equal(asked[0], '/k8s/clusters/c-xyz/version');
    plain.close();
  });
});
