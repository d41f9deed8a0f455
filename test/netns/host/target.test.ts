import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import type { NetworkTargetFacts } from '../../../src/machine/facts.ts';
import { HostRun, NETWORK, type RunOptions } from '../support/host-run.ts';
import { Sandbox } from '../support/sandbox.ts';
import { folderOf } from '../support/session-place.ts';

const TARGET = ['target', 'netns/lab'] as const;

describe('targets on this machine', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let socket: string;
  beforeEach(async () => {
    sandbox = await Sandbox.open(`
      echo 'dev:x:4321:4321::/home/dev:/bin/zsh' >> /etc/passwd
      ip netns add lab
      ip link add lab0 type veth peer name eth0 netns lab
      ip link set lab0 addrgenmode none; ip addr add 172.30.0.1/24 dev lab0; ip link set lab0 up
      ip netns exec lab sh -ec '
        ip link set eth0 addrgenmode none
        ip link set lo up; ip addr add 172.30.0.2/24 dev eth0; ip link set eth0 up
        ip link add br0 type bridge; ip link set br0 addrgenmode none
        ip addr add 10.244.1.1/24 dev br0; ip addr add fd00:244:1::1/64 dev br0 nodad; ip addr add fd00:244:1::a/128 dev lo nodad; ip link set br0 up
        ip route add 10.96.0.0/16 via 172.30.0.77; ip route add default via 172.30.0.1
      '
      mkdir -p /etc/netns/lab
      printf 'nameserver 10.96.0.10\\nsearch default.svc.cluster.local\\noptions ndots:5\\n' > /etc/netns/lab/resolv.conf
    `);
    socket = `${folderOf(sandbox.pid)}/session/agent.sock`;
  });
  afterEach(() => sandbox.close());

  const started = async (command: string, ...args: string[]): Promise<{ pid: string; end: () => void }> => {
    const child = sandbox.spawn(command, args);
    const pid = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data) => resolve(String(data).trim())),
    );
    return { pid, end: () => child.kill() };
  };
  const startAgent = (): readonly [string, ...string[]] => ['startAgent', 'a2V5', socket];
  /** What the fake agent answers. */
  const seenByAgent = async (): Promise<Record<string, string>> => {
    const program = `require('net').connect('${socket}').pipe(process.stdout)`;
    return JSON.parse(await sandbox.shell(`${process.execPath} -e "${program}"`)) as Record<string, string>;
  };
  /** A process of the user's, in a user and mount namespace of its own, where the user may mount what the user likes. */
  const ownWorld = (uid: string, script: string) =>
    started(
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${uid}`,
      '--clear-groups',
      'unshare',
      '--user',
      '--map-root-user',
      '--mount',
      '--net',
      'sh',
      '-ec',
      `mount -t tmpfs tmpfs /tmp\n${script}\necho $$; exec sleep 60`,
    );

  const ask = async (
    requests: RunOptions['requests'] & object,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<[HostRun, readonly unknown[]]> => {
    const run = new HostRun(sandbox, { requests, environment });
    return [run, await run.replies()];
  };

  it('reads a namespace: its ranges without default route and shared subnets, its addresses, its resolv.conf', async () => {
    const [run, [facts]] = await ask([['target', 'netns/lab']]);
    assert.deepEqual(facts, {
      ranges: ['10.96.0.0/16', '10.244.1.0/24', 'fd00:244:1::/64'],
      addresses: ['172.30.0.2/24', '10.244.1.1/24', 'fd00:244:1::1/64'],
      resolvConf: 'nameserver 10.96.0.10\nsearch default.svc.cluster.local\noptions ndots:5\n',
    } satisfies NetworkTargetFacts);
    await run.stop();
  });

  it('reads a process', async () => {
    const child = sandbox.spawn('ip', ['netns', 'exec', 'lab', 'sh', '-c', 'echo $$; exec sleep 60']);
    const pid = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data) => resolve(String(data).trim())),
    );
    const [run, [facts]] = await ask([['target', `process/${pid}`]]);
    assert.deepEqual((facts as NetworkTargetFacts).ranges, ['10.96.0.0/16', '10.244.1.0/24', 'fd00:244:1::/64']);
    assert.match((facts as NetworkTargetFacts).resolvConf, /ndots:5/);
    await run.stop();
    child.kill();
  });

  it('reads the resolv.conf of a process as the process does, where it is a link', async () => {
    const root = (await sandbox.shell('mktemp -d')).trim();
    // What the link names is another file, or none, on the machine itself.
    await sandbox.shell(`mkdir ${root}/etc ${root}/run
      printf 'nameserver 10.96.0.11\n' > ${root}/run/resolver.conf && ln -s /etc/alias ${root}/etc/resolv.conf
      ln -s ../../run/resolver.conf ${root}/etc/alias
      echo '#include <stdio.h>
        #include <unistd.h>
        int main(void) { printf("%d ", getpid()); fflush(stdout); return pause(); }' |
        cc -static -x c -o ${root}/waiting -`);
    const child = sandbox.spawn('chroot', [root, '/waiting']);
    const pid = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data) => resolve(String(data).trim())),
    );
    const [run, [facts]] = await ask([['target', `process/${pid}`]]);
    assert.equal((facts as NetworkTargetFacts).resolvConf, 'nameserver 10.96.0.11\n');
    await run.stop();
    child.kill();
    await sandbox.shell(`rm -r ${root}`);
  });

  it('names the nearest when there is no such namespace, or process', async () => {
    const [named, [namespace]] = await ask([['target', 'netns/lap']]);
    const { code, failure, help } = namespace as { code: string; failure: string; help: string };
    assert.deepEqual([code, failure], ['namespace-unknown', 'usage']);
    assert.match(help, /There are: lab, far\./);
    await named.stop();
    const [run, [missing]] = await ask([['target', 'process/4000000']]);
    assert.equal((missing as { code: string }).code, 'process-unknown');
    await run.stop();
  });

  it('says so when the kernel does not let root look at the process', async () => {
    const child = sandbox.spawn('setpriv', ['--reuid=4321', '--clear-groups', 'sh', '-c', 'echo $$; exec sleep 60']);
    const pid = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data) => resolve(String(data).trim())),
    );
    const run = new HostRun(sandbox, {
      requests: [['target', `process/${pid}`]],
      through: ['setpriv', '--bounding-set=-sys_ptrace', '--'],
    });
    const [refusal] = (await run.replies()) as { code: string; failure: string }[];
    assert.deepEqual([refusal?.code, refusal?.failure], ['process-forbidden', 'permission']);
    await run.stop();
    child.kill();
  });

  const WORLDS: Record<string, { readonly mount: string; readonly text: string }> = {
    'a file of the user’s': {
      mount: 'echo nameserver 10.96.0.12 > /tmp/own; mount --bind /tmp/own /etc/resolv.conf',
      text: 'nameserver 10.96.0.12\n',
    },
    'a file that only root may read': { mount: 'mount --bind /etc/shadow /etc/resolv.conf', text: '' },
    'a FIFO, which nothing comes out of': {
      mount: 'mkfifo /tmp/fifo; mount --bind /tmp/fifo /etc/resolv.conf',
      text: '',
    },
    'a device': { mount: 'mount --bind /dev/zero /etc/resolv.conf', text: '' },
    'more than any resolv.conf has': {
      mount: 'head -c 65537 /dev/zero > /tmp/large; mount --bind /tmp/large /etc/resolv.conf',
      text: '',
    },
  };
  for (const [what, { mount, text }] of Object.entries(WORLDS)) {
    it(`reads with the user’s rights: ${what} in the place of resolv.conf`, async () => {
      const { pid, end } = await ownWorld('4321', mount);
      const [run, [facts]] = await ask([['target', `process/${pid}`]], { SUDO_UID: '4321', SUDO_GID: '4321' });
      assert.equal((facts as NetworkTargetFacts).resolvConf, text);
      await run.stop();
      end();
    });
  }

  it('reads of a namespace’s resolv.conf no more than the user may', async () => {
    await sandbox.shell('chmod 600 /etc/netns/lab/resolv.conf');
    const [run, [facts]] = await ask([['target', 'netns/lab']], { SUDO_UID: '4321', SUDO_GID: '4321' });
    assert.doesNotMatch((facts as NetworkTargetFacts).resolvConf, /10\.96\.0\.10/);
    await run.stop();
  });

  it('does not enter the user namespace of another user', async () => {
    await sandbox.shell("echo 'eve:x:4999:4999::/:/bin/sh' >> /etc/passwd");
    const { pid, end } = await ownWorld('4999', 'true');
    const [run, [refusal]] = await ask([['target', `process/${pid}`]], { SUDO_UID: '4321', SUDO_GID: '4321' });
    assert.equal((refusal as { code: string }).code, 'process-forbidden');
    await run.stop();
    end();
  });

  const CHANGES: Record<string, { readonly told?: string; readonly asked: () => RunOptions['requests'] & object }> = {
    'another one later': {
      asked: () => [
        ['target', 'netns/lab'],
        ['target', 'process/1'],
      ],
    },
    'one after there was none': {
      asked: () => [
        ['target', null],
        ['target', 'netns/lab'],
      ],
    },
    'an agent after there was none': {
      asked: () => [['target', null], startAgent()],
    },
    'an agent before there is one': { asked: () => [startAgent()] },
    'another one than up was told': { told: 'netns/lab', asked: () => [['target', 'process/1']] },
    'one where up was told a workload': { told: 'deployment/web', asked: () => [['target', 'netns/lab']] },
    'none where up was told one': { told: 'netns/lab', asked: () => [['target', null]] },
  };
  for (const [what, { told, asked }] of Object.entries(CHANGES)) {
    it(`is fixed at the start; the session cannot ask for ${what}`, async () => {
      const [run, replies] = await ask(asked(), told === undefined ? {} : { TARGET: told });
      assert.equal((replies.at(-1) as { code: string }).code, 'request-refused');
      await run.stop();
    });
  }

  it('stays the same network when its name means another one', async () => {
    const run = new HostRun(sandbox, { requests: [TARGET, ['pause'], startAgent()] });
    const before = (await sandbox.shell('ip netns exec lab readlink /proc/self/ns/net')).trim();
    await run.event('paused');
    await sandbox.shell('ip netns del lab; ip netns add lab');
    assert.notEqual((await sandbox.shell('ip netns exec lab readlink /proc/self/ns/net')).trim(), before);
    process.kill(run.sessionPid(), 'SIGUSR2');
    await run.replies();
    assert.equal((await seenByAgent())['namespace'], before);
    await run.stop();
  });

  it('starts the agent there as the user, without rights, and takes it along', async () => {
    const [run] = await ask([TARGET, startAgent()], { SUDO_UID: '4321', SUDO_GID: '4321' });
    assert.deepEqual(
      run.events.filter((event) => 'refusal' in event),
      [],
    );
    const seen = await seenByAgent();
    const lab = (await sandbox.shell('ip netns exec lab readlink /proc/self/ns/net')).trim();
    assert.deepEqual(seen, {
      uid: '4321',
      capabilities: '0000000000000000',
      namespace: lab,
      key: 'a2V5',
      resolvConf: 'nameserver 10.96.0.10\nsearch default.svc.cluster.local\noptions ndots:5\n',
      home: '/home/dev',
    });
    assert.notEqual(lab, readlinkSync('/proc/self/ns/net'));
    await run.stop();
    await run.ended();
    assert.equal((await sandbox.run('pgrep', '-f', 'fake-agent')).stdout, '');
  });

  it('ends the agent with a killed host', async () => {
    const [run] = await ask([TARGET, startAgent()]);
    run.signal('SIGKILL');
    const deadline = performance.now() + 3_000;
    while ((await sandbox.run('pgrep', '-f', 'fake-agent')).stdout !== '') assert.ok(performance.now() < deadline);
  });

  it('lays routes meanwhile, and ends at once, while an agent is slow to listen', async () => {
    const run = new HostRun(sandbox, {
      requests: [TARGET, startAgent(), ['network', NETWORK]],
      environment: { FAKE_AGENT: 'slow', BEHAVIOUR: 'together' },
    });
    assert.deepEqual((await run.event('reply'))['reply'], []);
    const start = performance.now();
    await run.stop();
    assert.ok(performance.now() - start < 5_000, 'the end does not wait for it');
    await run.ended();
    assert.equal((await sandbox.run('pgrep', '-f', 'fake-agent')).stdout, '');
  });

  it('passes on what an agent says that cannot start', async () => {
    const [run, [, refusal]] = await ask([TARGET, startAgent()], { FAKE_AGENT: 'fail' });
    const { code, failure, message } = refusal as { code: string; failure: string; message: string };
    assert.deepEqual([code, failure], ['agent-not-started', 'agent']);
    assert.match(message, /exit 3\): no such luck/);
    await run.stop();
  });
});
