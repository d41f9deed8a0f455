import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { ADMIN, kubectl, kubectlJson } from '../kube/support/cluster.ts';
import { HOME, cluster } from '../support/developer.ts';
import { loadImage, postgresPod } from '../support/postgres.ts';
import { openDeveloper, writeUserKubeconfig } from '../support/session.ts';
import { workloads } from '../support/workloads.ts';
import type { Workloads } from '../support/workloads.ts';
import {
  asRoot,
  closePatient,
  obstruct,
  openPatient,
  parentOf,
  statusOf,
  survive,
  tunnelPort,
} from './support/faults.ts';
import type { Patient } from './support/faults.ts';
import { Listener } from './support/listener.ts';

const API = { v4: '198.18.0.2', port: 6443 };
/** Both directions, all connections. */
const DROP = {
  in: `ip saddr ${API.v4} tcp sport ${API.port} drop;`,
  out: `ip daddr ${API.v4} tcp dport ${API.port} drop;`,
};
/** Longer than the silence after which a transport is given up. */
const ASLEEP_MS = Number(process.env['RELIABILITY_SLEEP_MS'] ?? 40_000);
const DATABASE = 'listened';
const CUTS = Number(process.env['RELIABILITY_CUTS'] ?? 3);

describe('a session on Kubernetes, flows through', function () {
  this.timeout(150_000);
  let objects: Workloads;
  /** One for the long faults, which run at the same time as the short ones; each has a machine of its own. */
  const long = new Map<string, Promise<void>>();
  let patient: Patient;

  const dropped = (seconds: number) => (at: Patient) =>
    survive(
      at,
      `packets dropped for ${seconds} s`,
      async (meanwhile) => {
        const lift = await obstruct(at, DROP);
        await delay(seconds * 500);
        meanwhile();
        await delay(seconds * 500);
        return lift();
      },
      { resumes: seconds > 15 },
    );

  const LONG: readonly [name: string, ...faults: ((at: Patient) => Promise<void>)[]][] = [
    ['packets dropped for 5 s and 20 s', dropped(5), dropped(20)],
    ['packets dropped for 60 s', dropped(60)],
    [
      'a black hole, and a machine asleep',
      (at) =>
        survive(
          at,
          'black hole',
          async (meanwhile) => {
            const port = await tunnelPort(at);
            const lift = await obstruct(at, { in: `tcp dport ${port} drop;`, out: `tcp sport ${port} drop;` });
            const since = Date.now();
            meanwhile();
            await delay(20_000);
            await lift();
            return since;
          },
          { resumes: true, limitMs: 25_000 },
        ),
      (at) =>
        survive(
          at,
          `machine asleep for ${ASLEEP_MS / 1000} s`,
          async () => {
            const { pid } = await statusOf(at);
            const both = [pid, parentOf(pid)];
            for (const each of both) process.kill(each, 'SIGSTOP');
            await delay(ASLEEP_MS);
            for (const each of both) process.kill(each, 'SIGCONT');
            return Date.now();
          },
          { resumes: true },
        ),
    ],
  ];

  before(async function () {
    this.timeout(150_000);
    objects = await workloads();
    loadImage();
    kubectl(['create', '-n', objects.home, '-f', '-'], {
      apiVersion: 'v1',
      kind: 'List',
      items: postgresPod(DATABASE),
    });
    kubectl(['wait', '-n', objects.home, '--for=condition=Ready', '--timeout=60s', `pod/${DATABASE}`]);
    for (const [name, ...faults] of LONG) {
      const run = openPatient(objects.home, objects.pods.web.v4, [], DATABASE).then(async (at) => {
        try {
          for (const fault of faults) await fault(at);
        } finally {
          await closePatient(at);
        }
      });
      run.catch(() => undefined); // its test tells
      long.set(name, run);
    }
    patient = await openPatient(objects.home, objects.pods.web.v4, [], DATABASE);
  });
  after(async function () {
    this.timeout(150_000);
    await Promise.allSettled(long.values());
    await closePatient(patient);
  });

  it(`a connection that is reset, ${CUTS} times`, async () => {
    for (let cut = 0; cut < CUTS; cut++) {
      await survive(
        patient,
        'connection reset',
        async () => {
          await asRoot(patient, 'ss', ['-K', 'dport', '=', `:${API.port}`]);
          return Date.now();
        },
        { resumes: true },
      );
    }
  });

  it('a machine that gets another address and gateway', async () => {
    const [link = ''] = /\S+(?=\s+inet 198\.18\.)/.exec(await asRoot(patient, 'ip', ['-o', '-4', 'address'])) ?? [];
    const old = /198\.18\.\d+\.\d+/.exec(await asRoot(patient, 'ip', ['-o', '-4', 'address', 'show', link]))?.[0] ?? '';
    const subnet = old.replace(/\.\d+$/, '');
    await survive(
      patient,
      'other address and default route',
      async () => {
        await asRoot(patient, 'ip', ['address', 'add', `${subnet}.77/24`, 'dev', link]);
        await asRoot(patient, 'ip', ['address', 'del', `${old}/24`, 'dev', link]);
        await asRoot(patient, 'ip', ['address', 'replace', `${subnet}.77/24`, 'dev', link]);
        await asRoot(patient, 'ip', ['route', 'replace', 'default', 'via', `${subnet}.1`, 'dev', link]);
        return Date.now();
      },
      { resumes: true },
    );
  });

  it('an API server whose name gets another address', async () => {
    const developer = await openDeveloper();
    let moved: Patient | undefined;
    try {
      const hosts = (address: string) =>
        developer.write('/etc/hosts', `127.0.0.1 localhost\n${address} api.test\n`, 0o644, 0);
      hosts(API.v4);
      const admin = kubectlJson(['config', 'view', '--raw', '--minify']) as { users: { user: object }[] };
      const server = { server: `https://api.test:${API.port}`, 'tls-server-name': 'kubernetes' };
      writeUserKubeconfig(developer, `${HOME}/.kube/config`, admin.users[0]?.user ?? {}, server);
      const session = await developer.up(['-n', objects.home]).ready();
      const listener = await Listener.open(developer, DATABASE);
      const at = { developer, session, listener, address: objects.pods.web.v4 };
      moved = at;
      const gateway = /via (\S+)/.exec(await asRoot(at, 'ip', ['-4', 'route', 'show', 'default']))?.[1] ?? '';
      await survive(
        at,
        "API server's name moved",
        async () => {
          hosts(gateway);
          await obstruct(at, { out: `ip daddr ${API.v4} reject with tcp reset;` });
          return Date.now();
        },
        { resumes: true },
      );
    } finally {
      await moved?.listener?.close();
      await moved?.session.end();
      await developer.close();
    }
  });

  for (const [name] of LONG) it(name, () => long.get(name));

  // What follows would hurt the measurements above.
  for (const component of ['apiserver', 'kubelet', 'containerd']) {
    it(`a ${component} that is killed and started again`, () =>
      survive(
        patient,
        `${component} restarted`,
        async () => {
          cluster(['restart', component, 'KILL']);
          return Date.now();
        },
        { resumes: component !== 'containerd', limitMs: 20_000 },
      ));
  }

  it('a session that has seen all that has the same agent, and nothing to complain of', async () => {
    assert.ok(readFileSync(ADMIN, 'utf8') !== '');
    const status = await statusOf(patient);
    assert.equal(status.state, 'ready');
    assert.deepEqual(status.warnings, []);
  });
});
