import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import type { Session } from '../../../scripts/sandbox/session.ts';
import { poll } from '../../netns/support/session.ts';
import { kubectl } from '../kube/support/cluster.ts';
import { HOME } from '../support/developer.ts';
import type { RunSettings } from '../support/developer.ts';
import { writeUserKubeconfig } from '../support/session.ts';
import { BUSYBOX, service, workload } from './support/objects.ts';
import { addressesOf, nameOf, podsOf, seenBy, useTargets, withSession } from './support/world.ts';

const SECRET = 'k8s-0nly-t3st-s3cret';

const OBJECTS = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings' },
    data: { LEVEL: 'debug', 'log.format': 'json', POEM: 'a\nb' },
  },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, stringData: { user: 'ann', password: SECRET } },
  // Before the pod: it learns of what is there when it starts.
  service('other', 'nobody'),
  workload('Deployment', 'app', {
    container: {
      // The entry point knows more than the manifest does.
      command: ['sh', '-c', 'export ADDED=by-entry-point; exec sleep 100000'],
      securityContext: { runAsUser: 1234, runAsGroup: 1234 },
      envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'DB_', secretRef: { name: 'login' } }],
      env: [
        { name: 'URL', value: 'pg://$(DB_user):$(DB_password)@db' },
        { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'PATH', value: '/opt/bin:/bin:/usr/bin' },
        { name: 'JAVA_HOME', value: '/opt/java' },
        { name: 'QUOTED', value: `it's "so" $HOME` },
      ],
    },
  }),
  // Without a group, which is then the image's matter.
  workload('Deployment', 'groupless', {
    container: {
      command: ['sh', '-c', 'export ADDED=by-entry-point; exec sleep 100000'],
      securityContext: { runAsUser: 1234 },
    },
  }),
  // The first process that its agent sees is `pause`; another is its neighbour's, of the same user.
  workload('Deployment', 'shared', {
    containers: ['app', 'neighbour'],
    spec: { shareProcessNamespace: true, securityContext: { runAsUser: 1234, runAsGroup: 1234 } },
    container: { command: ['sh', '-c', 'export ADDED=by-entry-point; exec sleep 100000'] },
  }),
  // As root, whose environment nobody else may read.
  workload('Deployment', 'closed', {
    container: {
      command: ['sh', '-c', 'export ADDED=by-entry-point; exec sleep 100000'],
      image: BUSYBOX,
      env: [{ name: 'LEVEL', value: 'info' }],
    },
  }),
];

describe("the target's environment, on this machine", () => {
  const world = useTargets(() => OBJECTS);

  const configured = (env: object, target = 'deployment/app'): string[] => {
    const config = { target: { path: target, namespace: world.namespace }, feature: { env } };
    return ['-f', world.developer.write(`${HOME}/env.json`, JSON.stringify(config))];
  };

  async function environment(...args: string[]): Promise<Record<string, string>> {
    const { code, stdout, stderr } = await world.developer.mirrordRun(['env', '--format', 'json', ...args]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Record<string, string>;
  }

  const exec = (args: readonly string[], settings: RunSettings = {}) =>
    world.developer.mirrordRun(['exec', '--', ...args], settings);

  describe('as it is', () => {
    let session: Session;
    before(async () => {
      session = await world.developer.up(['-t', 'deployment/app', '-n', world.namespace]).ready();
    });
    after(() => session?.end());

    it('has what ConfigMap, Secret, fields and services gave, and what the process added', async () => {
      const pod = nameOf(podsOf(world.namespace, 'app=app')[0]);
      const found = await environment();
      const expected = {
        LEVEL: 'debug',
        'log.format': 'json',
        POEM: 'a\nb',
        DB_user: 'ann',
        DB_password: SECRET,
        URL: `pg://ann:${SECRET}@db`,
        POD: pod,
        HOSTNAME: pod,
        QUOTED: `it's "so" $HOME`,
        ADDED: 'by-entry-point',
      };
      for (const [name, value] of Object.entries(expected)) assert.equal(found[name], value, name);
      assert.match(found['OTHER_SERVICE_HOST'] ?? '', /^10\.96\./);
      assert.equal(found['KUBERNETES_SERVICE_PORT'], '443');
      for (const name of ['PATH', 'HOME', 'JAVA_HOME', 'MIRRORD_PUBLIC_KEY']) assert.ok(!(name in found), name);
    });

    it('is read by a shell as it is written for one', async () => {
      const script = `eval "$(${world.developer.mirrord} env --format shell)"; printf '%s|' "$QUOTED" "$POEM" "$URL"`;
      const { stdout, stderr } = await world.developer.run('sh', ['-c', script]);
      assert.equal(stdout, `it's "so" $HOME|a\nb|pg://ann:${SECRET}@db|`);
      assert.match(stderr, /"log\.format" is left out/);
    });

    it('is written for docker and dotenv', async () => {
      const docker = await world.developer.mirrordRun(['env', '--format', 'docker']);
      assert.match(docker.stdout, /^QUOTED=it's "so" \$HOME$/m);
      assert.match(docker.stderr, /"POEM" is left out/);
      const dotenv = await world.developer.mirrordRun(['env']);
      assert.match(dotenv.stdout, /^LEVEL=debug$/m);
    });

    it('exec runs a program with it, as the user, in the cluster', async () => {
      const line = 'id -u; echo "$LEVEL $DB_user $HOME"; command -v curl; curl -s -m 10 "http://$1:8080/"';
      const { stdout, stderr } = await exec(['sh', '-c', line, 'sh', `web.${world.objects.home}`]);
      const [uid, words, curl, answer] = stdout.split('\n');
      assert.deepEqual([uid, words], ['4242', `debug ann ${HOME}`], stderr);
      assert.ok(curl?.endsWith('/curl'));
      assert.match(answer ?? '', /^web-/);
    });

    it('exec gives back the exit code and takes standard input', async () => {
      const { code, stdout } = await exec(['sh', '-c', 'cat; exit 7'], { input: 'to be copied' });
      assert.deepEqual([code, stdout], [7, 'to be copied']);
      // With a folder that the user may not search, for which execvp(3) has another error.
      assert.equal((await exec(['no-such-program'], { env: { PATH: '/root:/usr/bin:/bin' } })).code, 127);
    });

    it('exec lets signals through', async () => {
      const { machine, mirrord } = world.developer;
      const script = `trap 'echo caught; exit 9' TERM; echo here; while :; do sleep 0.05; done`;
      const child = machine.start(mirrord, ['exec', 'sh', '-c', script], { as: 'developer' });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      await poll(() => output === 'here\n', 'the program runs', 10_000);
      child.kill('SIGTERM');
      const [code] = (await once(child, 'close')) as [number | null];
      assert.deepEqual([code, output], [9, 'here\ncaught\n']);
    });

    it('exec leaves ignored what nohup has ignored, and tells nobody how it knew', async () => {
      const line = 'kill -HUP $$; env | grep -c IGNORED_SIGNALS';
      const { stdout } = await world.developer.run('nohup', [world.developer.mirrord, 'exec', 'sh', '-c', line]);
      assert.equal(stdout, '0\n');
    });

    it('exec by sudo runs as the user all the same', async () => {
      const { stdout, stderr } = await exec(['sh', '-c', 'echo "$(id -u) $LEVEL"'], { as: 'sudo' });
      assert.equal(stdout, '4242 debug\n', stderr);
    });

    it('its secrets are in no log, state, status, output or command line', async () => {
      await environment();
      const { developer } = world;
      const child = developer.machine.start(developer.mirrord, ['exec', 'sleep', '30'], { as: 'developer' });
      try {
        await poll(() => commandLines().some((line) => line === 'sleep 30'), 'the program runs', 10_000);
        assert.deepEqual(
          commandLines().filter((line) => line.includes(SECRET)),
          [],
        );
      } finally {
        child.kill('SIGKILL');
      }
      const search = `grep -rlF ${SECRET} /run/mirrord /run/home 2>/dev/null; true`;
      assert.equal((await developer.run('sh', ['-c', search], { as: 'root' })).stdout, '');
      const log = await developer.run('sh', ['-c', 'cat /run/home/.local/state/mirrord/default.log']);
      assert.match(log.stdout, /"ready"/);
      const status = await developer.mirrordRun(['status', '--json']);
      for (const text of [session.output, status.stdout, log.stdout]) assert.ok(!text.includes(SECRET));
    });

    it('needs no root, as status and explain do not', async () => {
      for (const args of [['status'], ['explain', `web.${world.objects.home}:8080`], ['env'], ['ls', '-A']]) {
        const { code, stderr } = await world.developer.mirrordRun(args);
        assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      }
    });

    it('is nobody else’s', async () => {
      const other = (...args: string[]) =>
        world.developer.run(
          'setpriv',
          ['--reuid', '4343', '--regid', '4343', '--clear-groups', world.developer.mirrord, ...args],
          {
            as: 'root',
          },
        );
      for (const args of [['env'], ['exec', 'true'], ['explain', 'web'], ['down'], ['status', '--name', 'default']]) {
        const { code, stdout, stderr } = await other(...args);
        assert.equal(code, 3, `${args.join(' ')}: ${stderr}`);
        assert.equal(stdout, '');
        assert.match(stderr, /Session 'default' belongs to developer\./);
      }
      const { sessions, others } = JSON.parse((await other('status', '--json')).stdout) as Record<string, object[]>;
      assert.deepEqual([sessions, others?.length], [[], 1]);
      // Root that is not the user behind sudo is another user here: it must not run what the user chose.
      const root = await world.developer.mirrordRun(['env', '--format', 'json'], { as: 'root' });
      assert.deepEqual([root.code, root.stdout], [3, '']);
      const sudo = await world.developer.mirrordRun(['env', '--format', 'json'], { as: 'sudo' });
      assert.equal((JSON.parse(sudo.stdout) as Record<string, string>)['LEVEL'], 'debug');
    });
  });

  it('keeps to include, override, mapping, unset and env_file', async () => {
    world.developer.write(`${HOME}/more.env`, 'FROM_FILE="in file"\nDB_user=file\nGONE=x\n');
    const rules = {
      include: 'DB_*;LEVEL;PATH',
      override: { LEVEL: 'override', EXTRA: 'yes' },
      mapping: { '^DB_pass.*': 'mapped' },
      unset: ['gone'],
      env_file: `${HOME}/more.env`,
    };
    const session = await world.developer.up(configured(rules)).ready();
    try {
      assert.deepEqual(await environment(), {
        DB_password: 'mapped',
        DB_user: 'file',
        EXTRA: 'yes',
        FROM_FILE: 'in file',
        LEVEL: 'override',
        PATH: '/opt/bin:/bin:/usr/bin',
      });
    } finally {
      await session.end();
    }
  });

  it('has what the process added, where the manifest names a user without a group', async () => {
    await withSession(world, ['-t', 'deployment/groupless'], async () => {
      assert.equal((await environment())['ADDED'], 'by-entry-point');
    });
  });

  it('has what the process added, where the pod shares its process namespace', async () => {
    await withSession(world, ['-t', 'deployment/shared/container/app'], async () => {
      assert.equal((await environment())['ADDED'], 'by-entry-point');
      const { stdout } = await exec(['sh', '-c', 'echo $ADDED']);
      assert.equal(stdout, 'by-entry-point\n');
    });
    await withSession(world, ['-t', 'deployment/shared/container/neighbour'], async () => {
      assert.equal((await environment())['ADDED'], undefined);
    });
  });

  it('keeps to exclude; a process of another user is known by its manifest, and that is said', async () => {
    const session = await world.developer
      .up(configured({ exclude: ['KUBERNETES_*', 'OTHER_*'] }, 'deploy/closed'))
      .ready();
    try {
      assert.deepEqual(await environment(), { LEVEL: 'info' });
      const missing = /container app: the agent may not read .* set by its image or its entry point are missing/;
      assert.match((await world.developer.mirrordRun(['env'])).stderr, missing);
      assert.match((await exec(['true'])).stderr, missing);
    } finally {
      await session.end();
    }
  });

  describe('with the shipped roles', () => {
    let kubeconfig: string;
    const bind = (role: string): void => {
      const { namespace } = world;
      const account = `--serviceaccount=${namespace}:shipped`;
      kubectl(['create', 'rolebinding', role, '-n', namespace, `--role=${role}`, account]);
    };

    before(() => {
      const { namespace, developer } = world;
      kubectl(['create', 'serviceaccount', 'shipped', '-n', namespace]);
      kubectl(['apply', '-n', namespace, '-f', 'docs/rbac.yaml']);
      for (const role of ['mirrord', 'mirrord-targets']) bind(role);
      const token = kubectl(['create', 'token', 'shipped', '-n', namespace]).trim();
      kubeconfig = writeUserKubeconfig(developer, `${HOME}/shipped`, { token });
    });
    after(() => {
      kubectl(['delete', '-n', world.namespace, '-f', 'docs/rbac.yaml']);
    });

    it('what may not be read is named, and the rest comes', async () => {
      await withSession(world, ['--kubeconfig', kubeconfig, '-t', 'deployment/app'], async () => {
        // The ranges of IPv6 are nowhere to be seen from this namespace.
        assert.equal(await seenBy(world, 'v4'), addressesOf(podsOf(world.namespace, 'app=app')[0])[0]);
        const { code, stderr, stdout } = await world.developer.mirrordRun(['env', '--format', 'json']);
        assert.equal(code, 0, stderr);
        const found = JSON.parse(stdout) as Record<string, string>;
        // Of its own process, whose user the agent is.
        assert.equal(found['ADDED'], 'by-entry-point');
        assert.equal(found['LEVEL'], 'debug');
        assert.match(stderr, /^! Secret login could not be read: .*forbidden/m);
        assert.match(stderr, /^! ConfigMap settings could not be read: .*forbidden/m);
        assert.ok(!stderr.includes(SECRET));
        bind('mirrord-environment');
        const all = await world.developer.mirrordRun(['env', '--format', 'json']);
        assert.doesNotMatch(all.stderr, /Secret|ConfigMap/);
        assert.equal((JSON.parse(all.stdout) as Record<string, string>)['DB_password'], SECRET);
      });
    });
  });
});

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}
