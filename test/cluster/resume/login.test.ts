/**
 * A credential plugin whose login server lies in the ranges that the session has captured, asked by name: the tunnel needs
 * the login, which must not need the tunnel.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GATEWAY } from '../../../scripts/sandbox/addresses.ts';
import { dropNamespace, kubectl, makeNamespace, scratch } from '../kube/support/cluster.ts';
import { HOME } from '../support/developer.ts';
import type { Developer } from '../support/developer.ts';
import { openDeveloper, writeUserKubeconfig } from '../support/session.ts';
import { workloads } from '../support/workloads.ts';
import { obstruct, survive } from './support/faults.ts';

const API = '198.18.0.2';
/** No service has it. */
const LOGIN = { name: 'login.corp.example', address: '10.96.250.77', port: 8080 };
const AWAY_MS = 10_000;

describe('a credential that runs out while the path is lost, with everything routed', function () {
  this.timeout(120_000);
  let developer: Developer;
  let namespace: string;
  let rights: string;
  /** How often the login server has been asked. */
  let asked = 0;
  const file = join(scratch(), 'token');

  before(async () => {
    namespace = await makeNamespace();
    rights = namespace;
    kubectl([
      'create',
      'clusterrolebinding',
      rights,
      '--clusterrole=cluster-admin',
      `--serviceaccount=${namespace}:default`,
    ]);
    developer = await openDeveloper();
    await leadByDefault(developer);
    const { internet } = developer;
    internet.publish([{ type: 'A', name: LOGIN.name, data: LOGIN.address, ttl: 1 }]);
    await internet.run('ip', ['address', 'add', `${LOGIN.address}/32`, 'dev', 'lo']);
    const server = join(import.meta.dirname, 'support/login-server.ts');
    const child = internet.start(process.execPath, [server, LOGIN.address, String(LOGIN.port), file]);
    child.stderr.resume();
    await once(child.stdout, 'data');
    child.stdout.on('data', () => asked++);
    const url = `http://${LOGIN.name}:${LOGIN.port}/`;
    const plugin = developer.write(`${HOME}/bin/login`, `#!/bin/sh\nexec curl -sSf --max-time 8 ${url}\n`, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
    writeUserKubeconfig(developer, `${HOME}/login.yaml`, { exec });
    developer.write(`${HOME}/all.json`, JSON.stringify({ feature: { network: { outgoing: { scope: 'all' } } } }));
  });
  after(async () => {
    kubectl(['delete', 'clusterrolebinding', rights, '--ignore-not-found']);
    dropNamespace(namespace);
    await developer?.close();
  });

  /** A new token; the one before is refused from now on, since the secret that it hung on is gone. */
  function renew(name: string, before?: string): void {
    kubectl(['create', 'secret', 'generic', name, '-n', namespace]);
    const bound = ['--bound-object-kind=Secret', `--bound-object-name=${name}`];
    writeFileSync(file, kubectl(['create', 'token', 'default', '-n', namespace, '--duration=10m', ...bound]));
    if (before !== undefined) kubectl(['delete', 'secret', before, '-n', namespace]);
  }

  for (const dns of ['nftables', 'resolv.conf'] as const) {
    it(`is renewed by itself, and flows go on, with --dns ${dns}`, async () => {
      const objects = await workloads();
      const mode = dns.replace('.', '-');
      renew(`${mode}-first`);
      const args = ['--kubeconfig', `${HOME}/login.yaml`, '-n', objects.home, '-f', `${HOME}/all.json`, '--dns', dns];
      const session = await developer.up(args).ready();
      try {
        assert.doesNotMatch(session.output, /Credential plugins use the session/);
        const captured = await developer.run('curl', [
          '-sS',
          '--max-time',
          '3',
          `http://${LOGIN.address}:${LOGIN.port}/`,
        ]);
        assert.notEqual(captured.code, 0, 'no other program reaches the login server');
        const patient = { developer, session, address: objects.services.web.v4 };
        await survive(
          patient,
          'credential run out',
          async (meanwhile) => {
            const reject = `ip daddr ${API} tcp dport 6443 reject with tcp reset;`;
            const lift = await obstruct(patient, { out: reject });
            renew(`${mode}-second`, `${mode}-first`);
            meanwhile();
            const before = asked;
            await delay(AWAY_MS);
            assert.ok(asked > before, 'logged in while the path was lost');
            return lift();
          },
          { resumes: true },
        );
      } finally {
        await session.end();
      }
    });
  }
});

/** The API server by the cable to the node, all else by the way to the internet. */
async function leadByDefault({ machine }: Developer): Promise<void> {
  const script = `
    set -e
    node=$(ip -4 route show default | sed -n 's/.* via \\([^ ]*\\).*/\\1/p' | head -1)
    ip route add 198.18.0.0/16 via "$node"
    ip route replace default via ${GATEWAY.v4}
  `;
  const { code, stderr } = await machine.run('sh', ['-c', script]);
  assert.equal(code, 0, stderr);
}
