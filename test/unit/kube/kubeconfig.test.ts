import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MirrordError } from '../../../src/errors.ts';
import { inCluster } from '../../../src/kube/kubeconfig/in-cluster.ts';
import { loadContext, type ChosenContext } from '../../../src/kube/kubeconfig/load.ts';

const CONTEXTS = `
current-context: dev
contexts:
- {name: dev, context: {cluster: one, user: me, namespace: payments}}
- {name: prod, context: {cluster: one, user: me}}
- {name: "arn:aws:eks:eu-1:1234:cluster/a b@c", context: {cluster: one, user: me}}
- {name: '007', context: {cluster: one, user: '42'}}
- {name: nocluster, context: {user: me}}
- {name: lostcluster, context: {cluster: gone, user: me}}
- {name: lostuser, context: {cluster: one, user: gone}}
- {name: anonymous, context: {cluster: one}}
clusters:
- {name: one, cluster: {server: https://one.example:6443}}
users:
- {name: me, user: {token: '123456789012345678901234567890'}}
- {name: '42', user: }
`;

describe('kubeconfig', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'mirrord-kubeconfig-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const load = (choice: { kubeconfig?: string; context?: string; namespace?: string; env?: object }): ChosenContext =>
    loadContext({ cwd: folder, ...choice, env: { HOME: folder, ...choice.env } });
  const fails = (choice: Parameters<typeof load>[0], code: string, message: RegExp, help?: RegExp): void => {
    assert.throws(
      () => load(choice),
      (error: MirrordError) => {
        assert.equal(error.code, code);
        assert.equal(error.failure, 'usage');
        assert.match(error.message, message);
        if (help !== undefined) assert.match(error.help ?? '', help);
        return true;
      },
    );
  };

  it('reads ~/.kube/config when nothing else is named', () => {
    write('.kube/config', CONTEXTS);
    const chosen = load({});
    assert.equal(chosen.context, 'dev');
    assert.equal(chosen.namespace, 'payments');
    assert.equal(chosen.cluster.name, 'one');
  });

  it('takes --kubeconfig relative to the working folder, and with ~', () => {
    write('a/config', CONTEXTS);
    assert.equal(load({ kubeconfig: 'a/config' }).context, 'dev');
    assert.equal(load({ kubeconfig: '~/a/config' }).context, 'dev');
  });

  it('prefers flags to the file', () => {
    write('.kube/config', CONTEXTS);
    const chosen = load({ context: 'prod', namespace: 'mine' });
    assert.deepEqual([chosen.context, chosen.namespace], ['prod', 'mine']);
    assert.equal(load({ context: 'prod' }).namespace, 'default');
  });

  it('keeps names and tokens as they are written', () => {
    write('.kube/config', CONTEXTS);
    const odd = 'arn:aws:eks:eu-1:1234:cluster/a b@c';
    assert.equal(load({ context: odd }).context, odd);
    assert.equal(load({ context: '007' }).user?.name, '42');
    assert.equal(load({}).user?.fields['token'], '123456789012345678901234567890');
  });

  it('merges the files of KUBECONFIG: the first that names a thing wins, missing ones are passed over', () => {
    const first = write('first', 'contexts:\n- {name: dev, context: {cluster: one, user: me, namespace: first}}\n');
    const second = write('second', CONTEXTS);
    const chosen = load({ env: { KUBECONFIG: `${folder}/none:${first}::${second}` } });
    assert.equal(chosen.context, 'dev');
    assert.equal(chosen.namespace, 'first');
    assert.equal(chosen.cluster.file, second);
  });

  it('reads JSON', () => {
    const cluster = { name: 'c', cluster: { server: 'https://x' } };
    const contexts = [{ name: 'j', context: { cluster: 'c' } }];
    const file = write('json', JSON.stringify({ 'current-context': 'j', clusters: [cluster], contexts }));
    assert.equal(load({ kubeconfig: file }).user, undefined);
  });

  it('takes a context without a user as anonymous', () => {
    write('.kube/config', CONTEXTS);
    assert.equal(load({ context: 'anonymous' }).user, undefined);
  });

  for (const [host, server] of [
    ['10.96.0.1', 'https://10.96.0.1:443'],
    ['fd00:10:96::1', 'https://[fd00:10:96::1]:443'],
  ] as const) {
    it(`takes a pod's own ServiceAccount at ${host}`, () => {
      write('sa/token', 't');
      write('sa/namespace', 'mine\n');
      const account = path.join(folder, 'sa');
      const file = inCluster({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: '443' }, account);
      assert.equal(file?.clusters[0].fields.server, server);
      assert.equal(file?.clusters[0].fields['certificate-authority'], 'ca.crt');
      assert.equal(file?.users[0].fields.tokenFile, 'token');
      assert.equal(file?.users[0].file, path.join(account, 'token'));
      assert.equal(file?.contexts[0].fields.namespace, 'mine');
      assert.equal(inCluster({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: '443' }, folder), null);
      assert.equal(inCluster({}, account), null);
    });
  }

  it('says which file is missing, and who named it', () => {
    fails({}, 'kubeconfig-missing', /\.kube\/config \(the default\)/);
    fails(
      { env: { SUDO_UID: '1000' } },
      'kubeconfig-missing',
      /the default/,
      /sudo --preserve-env=KUBECONFIG mirrord up/,
    );
    fails({ kubeconfig: 'no/such' }, 'kubeconfig-missing', /no\/such \(--kubeconfig\)/);
    fails({ env: { KUBECONFIG: '/no/a:/no/b' } }, 'kubeconfig-missing', /\/no\/a, \/no\/b \(KUBECONFIG\)/);
  });

  it('says what cannot be read', () => {
    mkdirSync(path.join(folder, 'config'));
    fails({ kubeconfig: 'config' }, 'kubeconfig-unreadable', /EISDIR/);
  });

  for (const [what, text, line, reason] of [
    ['broken YAML', 'clusters:\n- name: a\n  cluster: {server: x\ncontexts: []\n', 4, /./],
    ['a text', 'just a text\n', 1, /it must be a mapping, but is text/],
    ['a list', '- a\n', 1, /it must be a mapping, but is a list/],
    ['contexts that are no list', 'clusters: []\ncontexts:\n  a: b\n', 2, /contexts must be a list/],
    ['an element that is no mapping', 'contexts:\n- a\n', 2, /an element of contexts must be a mapping/],
    [
      'a number for a token',
      'users:\n- name: a\n  user:\n    token: 12\n',
      4,
      /token must be text, but is a number: put it in/,
    ],
    ['a name that is given twice', 'users:\n- {name: a}\n- {name: a}\n', 3, /two users are named "a"/],
    ['a cluster that is a text', 'clusters:\n- name: a\n  cluster: b\n', 3, /cluster must be a mapping, but is text/],
  ] as const) {
    it(`gives file and line of ${what}`, () => {
      write('.kube/config', text);
      fails({}, 'kubeconfig-invalid', new RegExp(`${folder}/.kube/config, line ${line}: .*${reason.source}`));
    });
  }

  it('offers the nearest names for an unknown context', () => {
    write('.kube/config', CONTEXTS);
    fails({ context: 'prodd' }, 'context-unknown', /"prodd"/, /Available: "prod"/);
  });

  it('says what is missing from a context', () => {
    write('.kube/config', CONTEXTS);
    fails({ context: 'nocluster' }, 'context-incomplete', /line 8: .*"nocluster" names no cluster/);
    fails({ context: 'lostcluster' }, 'context-incomplete', /the cluster "gone", which does not exist/);
    fails({ context: 'lostuser' }, 'context-incomplete', /the user "gone", which does not exist/);
  });

  it('asks for a context when none is current', () => {
    write('.kube/config', CONTEXTS.replace('current-context: dev', ''));
    fails({}, 'context-unset', /no current context/, /"dev", "prod"/);
    write('.kube/config', '');
    fails({}, 'context-unset', /no current context/, /no contexts/);
  });
});
