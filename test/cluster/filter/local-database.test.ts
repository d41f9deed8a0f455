/** One host of the cluster stays on this machine, by its name: a database that a real client connects to. */
import assert from 'node:assert/strict';
import { machineState } from '../../../scripts/sandbox/machine-state.ts';
import type { Session } from '../../../scripts/sandbox/session.ts';
import { eventually, kubectl, kubectlJson } from '../kube/support/cluster.ts';
import { HOME } from '../support/developer.ts';
import { loadImage, postgresPod, servePostgres } from '../support/postgres.ts';
import { useDeveloper } from '../support/session.ts';

/** `example-hostname.svc` is this service in the namespace `svc`, by the search list of every pod. */
const NAMESPACE = 'svc';
const SERVICE = 'example-hostname';
const NAME = `${SERVICE}.${NAMESPACE}`;
const PROJECT = `${HOME}/project`;
/** An image is made and loaded, a database is made in a pod. */
const SETUP_MS = 120_000;

describe('a filter, with a real database on either side', () => {
  const world = useDeveloper();
  let session: Session | undefined;
  let stopDatabase: (() => void) | undefined;

  before(async function () {
    this.timeout(SETUP_MS);
    loadImage();
    kubectl(['create', 'namespace', NAMESPACE]);
    kubectl(['create', '-n', NAMESPACE, '-f', '-'], { apiVersion: 'v1', kind: 'List', items: postgresPod(SERVICE) });
    stopDatabase = await servePostgres(world.developer);
    await eventually('the database in the cluster serves', isReady, SETUP_MS / 2);
    await world.developer.machine.run('sh', ['-c', `echo 127.0.0.1 ${NAME} >> /etc/hosts`]);
  });
  after(async function () {
    this.timeout(SETUP_MS);
    await session?.end();
    stopDatabase?.();
    kubectl(['delete', 'namespace', NAMESPACE, '--wait=false', '--ignore-not-found']);
  });

  function isReady(): boolean {
    const { status } = kubectlJson(['get', 'pod', SERVICE, '-n', NAMESPACE]) as {
      status: { conditions?: { type: string; status: string }[] };
    };
    return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
  }

  /** `sudo mirrord up -f` in a folder with this `.mirrord/mirrord.json`. */
  async function upIn(config: string): Promise<Session> {
    await session?.end();
    world.developer.write(`${PROJECT}/.mirrord/mirrord.json`, config);
    const { mirrord } = world.developer;
    const line = `cd ${PROJECT} && exec ${mirrord} up -f -n ${world.objects.home}`;
    session = await world.developer.start('sh', ['-c', line], { as: 'sudo' }).ready();
    return session;
  }

  async function psql(host: string): Promise<string> {
    const { stdout, stderr } = await world.developer.run(
      'psql',
      ['-h', host, '-U', 'postgres', '-Atc', 'show cluster_name'],
      {
        env: { PGCONNECT_TIMEOUT: '10' },
      },
    );
    return (stdout || stderr).trim();
  }
  const curl = async (host: string): Promise<string> =>
    (await world.developer.run('curl', ['-sS', '-m', '10', `http://${host}:8080/`])).stdout;

  it('local: psql -h example-hostname.svc is the database on this machine, everything else the cluster', async () => {
    const { output } = await upIn(
      '{ "feature": { "network": { "outgoing": { "filter": { "local": ["example-hostname.svc"] } } } } }\n',
    );
    assert.match(
      output,
      /^✔ filter {4}local: example-hostname\.svc \(feature\.network\.outgoing\.filter\.local\[0\]\)$/m,
    );
    assert.equal(await psql(NAME), 'developer');
    assert.match(await curl('web'), /^web-/);
    const { stdout } = await world.developer.mirrordRun(['explain', `${NAME}:5432`]);
    assert.equal(
      stdout,
      [
        'example-hostname.svc:5432/tcp stays on this machine',
        '  rule    feature.network.outgoing.filter.local[0] = "example-hostname.svc"',
        '  DNS     answered by this machine (127.0.0.1, /etc/hosts)',
        '  route   lo',
        '',
      ].join('\n'),
    );
  });

  it('remote: a name that only the cluster knows goes there, everything else stays', async () => {
    const name = `${SERVICE}.${NAMESPACE}.svc.cluster.local`;
    await upIn(`{ "feature": { "network": { "outgoing": { "filter": { "remote": ["${name}"] } } } } }\n`);
    assert.equal(await psql(name), 'cluster');
    // Answered by the cluster, as without a filter, and not routed.
    const { stdout } = await world.developer.mirrordRun(['explain', 'web:8080']);
    assert.match(stdout, /^web:8080\/tcp stays on this machine\n {2}rule +none: .*filter\.remote does not list it/);
  });

  it('an entry for the API server is refused before anything is changed', async () => {
    await session?.end();
    session = undefined;
    const { host } = new URL(kubectl(['config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}']));
    const server = host.replace(/:\d+$/, '');
    const before = await machineState(world.developer.machine);
    world.developer.write(
      `${PROJECT}/.mirrord/mirrord.json`,
      JSON.stringify({ feature: { network: { outgoing: { filter: { remote: [server] } } } } }),
    );
    const line = `cd ${PROJECT} && exec ${world.developer.mirrord} up -f -n ${world.objects.home}`;
    const refused = world.developer.start('sh', ['-c', line], { as: 'sudo' });
    assert.equal((await refused.ended).code, 2, refused.output);
    assert.match(refused.output, /filter\.remote\[0\] = ".*" is the API server's address/);
    assert.equal(await machineState(world.developer.machine), before);
  });

  it('scope all: the transport lives, kubectl works beside it, services are reached', async () => {
    await upIn('{ "feature": { "network": { "outgoing": { "scope": "all" } } } }\n');
    assert.match(await curl('web'), /^web-/);
    const kubeconfig = `${HOME}/.kube/config`;
    const pods = await world.developer.run('kubectl', [
      '--kubeconfig',
      kubeconfig,
      'get',
      'pods',
      '-n',
      NAMESPACE,
      '-o',
      'name',
    ]);
    assert.equal(pods.stdout.trim(), `pod/${SERVICE}`, pods.stderr);
    const logs = await world.developer.run('kubectl', [
      '--kubeconfig',
      kubeconfig,
      'logs',
      '-n',
      NAMESPACE,
      SERVICE,
      '--tail',
      '1',
    ]);
    assert.equal(logs.code, 0, logs.stderr);
    assert.equal(await psql(`${NAME}.svc.cluster.local`), 'cluster');
    const { stdout } = await world.developer.mirrordRun(['status']);
    assert.match(stdout, /: ready /);
    assert.match(stdout, /everything but loopback/);
  });
});
