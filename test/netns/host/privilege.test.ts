import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DNS, HostRun, NETWORK } from '../support/host-run.ts';
import { Sandbox } from '../support/sandbox.ts';
import { folderOf } from '../support/session-place.ts';
import { snapshot } from '../support/snapshot.ts';

const USER = { uid: '4321', gid: '4321', groups: '4321 4322' };

describe('who does what', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let folder: string;
  beforeEach(async () => {
    sandbox = await Sandbox.open(`
      echo 'dev:x:4321:4321::/home/dev:/bin/zsh' >> /etc/passwd
      printf 'dev:x:4321:\\nclusters:x:4322:dev\\n' >> /etc/group
    `);
    folder = folderOf(sandbox.pid);
  });
  afterEach(() => sandbox.close());

  interface Start {
    readonly ids: Readonly<Record<string, string>>;
    readonly environment: Readonly<Record<string, string>>;
  }

  it('runs the session as the user behind sudo, with all groups and no capability', async () => {
    const run = new HostRun(sandbox, {
      requests: [['network', NETWORK]],
      environment: { SUDO_UID: USER.uid, SUDO_GID: USER.gid, HOME: '/root' },
    });
    const { ids, environment } = (await run.event('start')) as unknown as Start;
    assert.equal(ids['Uid'], '4321\t4321\t4321\t4321');
    assert.equal(ids['Gid'], '4321\t4321\t4321\t4321');
    assert.equal(ids['Groups'], USER.groups);
    assert.equal(ids['CapEff'], '0000000000000000');
    assert.deepEqual(environment, { HOME: '/home/dev', USER: 'dev', LOGNAME: 'dev', SHELL: '/bin/zsh' });
    await run.replies();
    assert.equal(await sandbox.shell(`stat -c "%U %a" ${folder}/session`), 'dev 700\n');
    assert.equal(
      await sandbox.shell(`stat -c "%U %a" ${folder} ${folder}/owner.json ${folder}/network.json`),
      'root 755\nroot 644\nroot 600\n',
    );
    await run.stop();
  });

  it('keeps the journal out of the user’s hands', async () => {
    const run = new HostRun(sandbox, { requests: [['network', NETWORK]], environment: { SUDO_UID: USER.uid } });
    await run.replies();
    const asUser = ['--reuid=4321', '--regid=4321', '--init-groups', '--'];
    for (const command of [
      ['rm', '-rf', folder],
      ['mv', `${folder}/session`, `${folder}/x`],
    ]) {
      assert.notEqual((await sandbox.run('setpriv', ...asUser, ...command)).code, 0);
    }
    assert.notEqual((await sandbox.run('setpriv', ...asUser, 'cat', `${folder}/network.json`)).code, 0);
    await run.stop();
  });

  it('keeps Ctrl-C from the session', async () => {
    const run = new HostRun(sandbox);
    await run.replies();
    const inside = ((await run.event('start')) as { pid: number }).pid;
    const groups = await sandbox.shell(`ps -o pid=,pgid= -p ${inside}`);
    const [pid, group] = groups.trim().split(/\s+/);
    assert.equal(pid, group);
    run.signal('SIGINT');
    assert.equal((await run.event('end'))['end'], 'interrupted');
    assert.equal(
      run.events.some((event) => 'interrupted' in event),
      false,
    );
  });

  it('is refused to whom is not root, and changes nothing', async () => {
    const before = await snapshot(sandbox);
    const run = new HostRun(sandbox, { through: ['setpriv', '--reuid=4321', '--regid=4321', '--init-groups', '--'] });
    const { error } = (await run.event('end')) as { error: { code: string; failure: string; help: string } };
    assert.deepEqual([error.code, error.failure], ['not-root', 'permission']);
    assert.match(error.help, /sudo mirrord up/);
    assert.equal(await snapshot(sandbox), before);
  });

  const FAULTS: Record<string, { script: string; code: string; through?: readonly string[] }> = {
    'a /run that is read-only': {
      script: 'mkdir /run/mirrord; mount -t tmpfs -o ro tmpfs /run/mirrord',
      code: 'run-folder-unusable',
    },
    'a /run that is full': {
      script:
        'mkdir /run/mirrord; mount -t tmpfs -o size=4k tmpfs /run/mirrord; head -c 8192 /dev/zero > /run/mirrord/fill || true',
      code: 'run-folder-unusable',
    },
    'no CAP_NET_ADMIN': {
      script: 'true',
      code: 'no-net-admin',
      through: ['setpriv', '--bounding-set=-net_admin', '--'],
    },
    'no /dev/net/tun': { script: 'mount -t tmpfs tmpfs /dev/net', code: 'tun-device-missing' },
    'a /dev/net/tun without rights': {
      script: 'mount -t tmpfs -o nodev tmpfs /dev/net; mknod /dev/net/tun c 10 200',
      code: 'tun-forbidden',
    },
    'a session that cannot be': { script: 'true', code: 'name-invalid' },
  };
  for (const [fault, { script, code, through = [] }] of Object.entries(FAULTS)) {
    it(`names ${fault}, and changes nothing`, async () => {
      await sandbox.shell(script);
      const before = await snapshot(sandbox);
      const environment = code === 'name-invalid' ? { NAME: '../up' } : {};
      const run = new HostRun(sandbox, { through, environment });
      const { error } = (await run.event('end')) as { error: { code: string; message: string } };
      assert.equal(error.code, code, error.message);
      await run.ended();
      assert.equal(await snapshot(sandbox), before);
    });
  }

  it('takes everything back when the session reports a failure, and passes its words on', async () => {
    const before = await snapshot(sandbox);
    const run = new HostRun(sandbox, { requests: [['network', NETWORK]], environment: { BEHAVIOUR: 'fail' } });
    const { error } = (await run.event('end')) as { error: object };
    assert.deepEqual(error, {
      code: 'cluster-unreachable',
      failure: 'cluster',
      message: 'No answer.',
      help: 'look at the cable',
    });
    assert.equal(await snapshot(sandbox), before);
  });

  it('names what the user cannot read of mirrord, and the folder that is closed', async () => {
    const support = join(import.meta.dirname, '../support');
    const path = `${support}/fake-session.ts`;
    for (const [script, closed] of [
      [`cp ${path} /run/copy; chmod 600 /run/copy; mount --bind /run/copy ${path}`, undefined],
      [`cp -r ${support} /run/support; chmod 700 /run/support; mount --bind /run/support ${support}`, support],
    ] as const) {
      await sandbox.shell(script);
      const before = await snapshot(sandbox);
      const run = new HostRun(sandbox, { environment: { SUDO_UID: USER.uid } });
      const { error } = (await run.event('end')) as { error: { code: string; failure: string; message: string } };
      assert.deepEqual([error.code, error.failure], ['program-unreadable', 'permission'], error.message);
      assert.ok(error.message.includes(`dev cannot read ${path}`), error.message);
      assert.equal(/because (\S+) is closed/.exec(error.message)?.[1], closed);
      await run.ended();
      assert.equal(await snapshot(sandbox), before);
    }
  });

  it('refuses what no session may ask', async () => {
    const requests = [
      ['network', { ...NETWORK, routes: ['10.0.0.0/8\nrule flush'] }],
      ['network', { ...NETWORK, mtu: 1e9 }],
      ['dns', null],
      ['target', 'netns/../../etc'],
      ['startAgent', 'key', '/etc/passwd'],
      ['exec', 'rm'],
    ] as const;
    const run = new HostRun(sandbox, { requests });
    for (const reply of await run.replies()) assert.equal((reply as { code: string }).code, 'request-refused');
    assert.equal((await run.stop())['end'], 'interrupted');
  });

  for (const message of [null, { type: 'failed', error: { code: 'x', failure: 'ok', message: 'all is well' } }]) {
    it(`ends a session that says ${JSON.stringify(message)}, and takes everything back`, async () => {
      const before = await snapshot(sandbox);
      const environment = { BEHAVIOUR: `say ${JSON.stringify(message)}` };
      const run = new HostRun(sandbox, { requests: [['network', NETWORK]], environment });
      const { error } = (await run.event('end')) as { error: { code: string; failure: string } };
      assert.deepEqual([error.code, error.failure], ['request-refused', 'unexpected']);
      await run.ended();
      assert.equal(await snapshot(sandbox), before);
    });
  }

  it('gives a session the names that it asked for first, and no others', async () => {
    const asking = (domain: string): unknown => ({ ...DNS, mode: 'nftables', domains: ['cluster.local', domain] });
    const requests = [
      ['asked', { domains: ['dev'], everything: false }],
      ['asked', { domains: ['com'], everything: true }],
      ['dns', asking('com')],
      ['dns', { ...DNS, mode: 'nftables', everything: true }],
      ['dns', { ...DNS, mode: 'resolv.conf' }],
      ['dns', asking('dev')],
    ] as const;
    const run = new HostRun(sandbox, { requests });
    const codes = (await run.replies()).map((reply) => (reply as { code?: string } | null)?.code ?? 'done');
    assert.deepEqual(codes, ['done', ...Array<string>(4).fill('request-refused'), 'done']);
    await run.stop();
  });

  it('ends although a program that the session started holds its output open', async () => {
    const run = new HostRun(sandbox, { environment: { BEHAVIOUR: 'survived' } });
    await run.replies();
    assert.equal((await run.stop())['end'], 'interrupted');
  });

  it('lives on when nobody reads its output, as after --detach', async () => {
    const before = await snapshot(sandbox);
    const run = new HostRun(sandbox, { requests: [['network', NETWORK]] });
    await run.replies();
    run.deafen();
    // Makes the session, and so the host, say something.
    await sandbox.shell('ip route add 10.1.0.0/16 dev dev0; sleep 0.5; ip route del 10.1.0.0/16; sleep 0.5');
    assert.match(await sandbox.shell('ip -o link show mirrord0'), /UP/);
    run.signal('SIGTERM');
    await run.ended();
    assert.equal(await snapshot(sandbox), before);
  });

  it('waits for a deaf session no longer than it says, however often it is told to stop', async () => {
    const before = await snapshot(sandbox);
    const run = new HostRun(sandbox, { requests: [['network', NETWORK]], environment: { BEHAVIOUR: 'deaf' } });
    await run.replies();
    run.signal('SIGINT');
    await run.event('gone');
    run.signal('SIGINT');
    await run.event('progress', (event) => JSON.stringify(event).includes('stopping; this takes at most 10 s'));
    assert.equal((await run.event('end'))['end'], 'interrupted');
    assert.equal(await snapshot(sandbox), before);
  });
});
