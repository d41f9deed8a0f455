/** A real PostgreSQL: as an image for pods, and as a server on a developer machine. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../../netns/support/session.ts';
import { scratch } from '../kube/support/cluster.ts';
import { cluster, type Developer } from './developer.ts';

const ROOT = '/usr/lib/postgresql';
const MAKE_IMAGE = join(import.meta.dirname, '../../../scripts/kubernetes/make-image');
export const IMAGE = 'docker.io/mirrord-test/postgres:1';
/** A new database's files are written first. */
const START_MS = 20_000;

/** The folder of the newest version that is installed. */
function version(): string {
  const found = readdirSync(ROOT)
    .sort((a, b) => Number(a) - Number(b))
    .at(-1);
  assert.ok(found !== undefined, `no PostgreSQL server below ${ROOT}`);
  return found;
}

/** Makes a database in `folder` and serves it; `cluster_name` says whose it is. */
function script(folder: string, owner: string, listen: string): string {
  const bin = `${ROOT}/${version()}/bin`;
  return [
    `${bin}/initdb -D ${folder} -U postgres -A trust --locale=C -N >/dev/null`,
    `echo 'host all all all trust' >> ${folder}/pg_hba.conf`,
    `exec ${bin}/postgres -D ${folder} -k ${folder} -c listen_addresses='${listen}' -c cluster_name=${owner} -c fsync=off`,
  ].join(' && ');
}

/** Puts the image where the cluster's pods find it. */
export function loadImage(): void {
  const share = `/usr/share/postgresql/${version()}`;
  const files = ['bin/postgres', 'bin/initdb', 'lib/plpgsql.so', 'lib/dict_snowball.so'];
  const tar = join(scratch(), 'postgres.tar');
  const paths = [...files.map((file) => `${ROOT}/${version()}/${file}`), share, '/usr/share/zoneinfo'];
  execFileSync(MAKE_IMAGE, ['--shell', '--user', '1000', IMAGE, tar, ...paths], { stdio: 'pipe' });
  cluster(['load', tar]);
}

export function postgresPod(name: string): object[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        containers: [
          {
            name: 'postgres',
            image: IMAGE,
            imagePullPolicy: 'Never',
            command: ['/bin/sh', '-c', script('/tmp/db', 'cluster', '*')],
            readinessProbe: { tcpSocket: { port: 5432 }, periodSeconds: 1 },
          },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: { app: name }, ports: [{ port: 5432 }] },
    },
  ];
}

/** Serves on the developer machine's loopback until the function that it resolves to is called. */
export async function servePostgres({ machine }: Developer): Promise<() => void> {
  const folder = '/tmp/mirrord-test-postgres';
  const run = `rm -rf ${folder} && mkdir -m 700 ${folder} && chown postgres: ${folder} && exec setpriv --reuid postgres --regid postgres --clear-groups sh -c "$1"`;
  const child = machine.start('sh', [
    '-c',
    run,
    'sh',
    `cd ${folder} && ${script(`${folder}/db`, 'developer', '127.0.0.1')}`,
  ]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  await poll(
    () => /ready to accept connections/.test(output),
    'the database serves',
    START_MS,
    () => output,
  );
  return () => {
    child.kill('SIGINT');
    child.once('close', () => execFileSync('rm', ['-rf', folder]));
  };
}
