import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differences } from '../../../src/cli/same-settings.ts';
import { loadConfig } from '../../../src/config/index.ts';
import type { ConfigFlags } from '../../../src/config/index.ts';
import type { SessionSettings } from '../../../src/control/answers.ts';
import { effectiveSettings } from '../../../src/session/settings.ts';

const KUBECONFIG = `
apiVersion: v1
kind: Config
current-context: a
clusters:
  - { name: one, cluster: { server: 'https://one.example:6443' } }
  - { name: two, cluster: { server: 'https://two.example:6443' } }
contexts:
  - { name: a, context: { cluster: one, user: dev } }
  - { name: b, context: { cluster: two, user: dev, namespace: shop } }
users:
  - name: dev
    user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: /bin/false, interactiveMode: Never } }
`;

describe('the session that is up, beside the one that is asked for', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-settings-'));
    writeFileSync(join(folder, 'config'), KUBECONFIG);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const settings = async (
    flags: ConfigFlags,
    { madeUpKey, env = {} }: { madeUpKey?: string | null; env?: Record<string, string> } = {},
  ): Promise<SessionSettings> => {
    const all = { KUBECONFIG: join(folder, 'config'), HOME: folder, ...env };
    const loaded = await loadConfig({ flags, env: all, cwd: folder, ...(madeUpKey ? { madeUpKey } : {}) });
    return effectiveSettings(loaded, 'auto', folder, all);
  };
  /** What is said when the first is up and the second asked for. */
  const compare = async (running: ConfigFlags, asked: ConfigFlags): Promise<readonly string[]> => {
    const there = await settings(running);
    return differences(there, await settings(asked, there));
  };

  it('is the same when nothing that counts is another', async () => {
    writeFileSync(join(folder, 'mirrord.json'), '{"kube_context":"a","agent":{"labels":{"run":"{{ key }}"}}}');
    const file = { configFile: join(folder, 'mirrord.json') };
    assert.deepEqual(await compare({}, {}), []);
    assert.deepEqual(await compare({}, { context: 'a', kubeconfig: join(folder, 'config'), namespace: 'default' }), []);
    assert.deepEqual(await compare(file, file), []);
    assert.deepEqual(await compare({ target: 'netns/x' }, { target: 'netns/x' }), []);
  });

  it('names context, server, namespace and target of both', async () => {
    assert.deepEqual(await compare({}, { context: 'b', target: 'deployment/web' }), [
      'context a (requested: b)',
      'server https://one.example:6443 (requested: https://two.example:6443)',
      'namespace default (requested: shop)',
      'target targetless (requested: deployment/web)',
    ]);
    assert.deepEqual(await compare({ target: 'netns/x' }, { namespace: 'shop' }), [
      'context none (requested: a)',
      'server none (requested: https://one.example:6443)',
      'namespace none (requested: shop)',
      'target netns/x (requested: targetless)',
    ]);
  });

  it('follows the kubeconfig, whose current context may be another by now', async () => {
    const there = await settings({});
    writeFileSync(join(folder, 'config'), KUBECONFIG.replace('current-context: a', 'current-context: b'));
    assert.equal(differences(there, await settings({}, there))[0], 'context a (requested: b)');
  });

  it('names every key of the configuration that is another, and no value of the environment', async () => {
    assert.deepEqual(await compare({}, { overrides: { 'feature.network.outgoing.tcp': false } }), [
      'feature.network.outgoing.tcp true (requested: false)',
    ]);
    assert.deepEqual(await compare({ key: 'mine' }, { key: 'yours' }), ['key mine (requested: yours)']);
    writeFileSync(join(folder, 'mirrord.json'), '{"feature":{"env":{"override":{"PASSWORD":"hunter2"}}}}');
    assert.deepEqual(await compare({}, { configFile: join(folder, 'mirrord.json') }), [
      'feature.env.override.PASSWORD',
    ]);
  });
});
