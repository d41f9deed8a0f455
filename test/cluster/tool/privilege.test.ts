import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { HOME, USER_ID } from '../support/developer.ts';
import { statuses, useDeveloper, writeUserKubeconfig } from '../support/session.ts';
import { ADMIN, kubectl } from '../kube/support/cluster.ts';

/** A group that the user is in, and that may read what others may not. */
const GROUP_ID = 4300;

const identity = (pid: number | undefined, field: 'Uid' | 'Gid' | 'Groups' | 'CapEff' | 'CapInh'): string => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${field}:\\s+(.*?)\\s*$`, 'm').exec(status)?.[1]?.replace(/\s+/g, ' ') ?? '';
};

describe('mirrord up on Kubernetes, who is who', () => {
  const world = useDeveloper();

  before(async () => {
    const { developer } = world;
    const files = `echo 'kube:x:${GROUP_ID}:developer' >>/etc/group
      echo 'developer:*:19000:0:99999:7:::' >>/etc/shadow
      echo 'developer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/developer
      chmod 440 /etc/sudoers.d/developer`;
    assert.equal((await developer.run('sh', ['-ec', files], { as: 'root' })).code, 0);
  });

  it('behind the real sudo, the session is the user with all groups and no capability; root opens no socket', async () => {
    const { developer, objects } = world;
    const session = developer.start('sudo', ['-n', developer.mirrord, 'up', '-n', objects.home], { as: 'developer' });
    await session.ready();
    try {
      const [status] = await statuses(developer);
      const pid = status?.pid;
      assert.equal(identity(pid, 'Uid'), Array(4).fill(USER_ID).join(' '));
      assert.equal(identity(pid, 'Gid'), Array(4).fill(USER_ID).join(' '));
      assert.deepEqual(identity(pid, 'Groups').split(' ').sort(), [`${USER_ID}`, `${GROUP_ID}`]);
      assert.equal(Number.parseInt(identity(pid, 'CapEff'), 16), 0);
      assert.equal(Number.parseInt(identity(pid, 'CapInh'), 16), 0);
      const sockets = await developer.run('ss', ['-Htunap'], { as: 'root' });
      const lines = sockets.stdout.split('\n').filter((line) => /198\.18\.0\.2:6443/.test(line));
      assert.ok(lines.length > 0 && lines.every((line) => line.includes(`pid=${pid},`)), sockets.stdout);
    } finally {
      await developer.mirrordRun(['down']);
      await session.ended;
    }
  });

  it('what real sudo drops (KUBECONFIG, PATH, a profile) still reaches the session and its plugin', async () => {
    const { developer } = world;
    const tell = '#!/bin/sh\necho "I am $(id -u) with $AWS_PROFILE" >&2\nexit 3\n';
    developer.write(`${HOME}/own-bin/login-plugin`, tell, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'login-plugin', interactiveMode: 'Never' };
    const file = writeUserKubeconfig(developer, `${HOME}/elsewhere`, { exec });
    const before = `export KUBECONFIG=${file} PATH=${HOME}/own-bin:$PATH AWS_PROFILE=staging;`;
    for (const command of [`sudo -n ${developer.mirrord} up`, `sudo -n ${developer.mirrord} ls`]) {
      const { code, stderr } = await developer.run('sh', ['-c', `${before} ${command}; exit $?`]);
      assert.equal(code, 4, stderr);
      assert.match(stderr, /login-plugin \(kubeconfig \/run\/home\/elsewhere, .*I am 4242 with staging/s);
    }
    // What sudo was told to keep, or to set, counts before it.
    const told = await developer.run('sh', [
      '-c',
      `${before} sudo -n KUBECONFIG=/none ${developer.mirrord} ls; exit $?`,
    ]);
    assert.match(told.stderr, /\/none \(KUBECONFIG\) was not found/);
  });

  it('a kubeconfig that a group of the user may read is read', async () => {
    const { developer } = world;
    developer.write('/run/home/shared-config', readFileSync(ADMIN, 'utf8'), 0o640, 0, GROUP_ID);
    const session = developer.up(['--kubeconfig', '/run/home/shared-config']);
    await session.ready();
    await session.end();
  });

  it("a kubeconfig that only root may read is not read by way of the user's sudo", async () => {
    const { developer } = world;
    developer.write('/run/home/root-config', readFileSync(ADMIN, 'utf8'), 0o600, 0);
    const { code, stderr } = await developer.mirrordRun(['up', '--kubeconfig', '/run/home/root-config'], {
      as: 'sudo',
    });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /root-config/);
  });

  it('an exec plugin runs as the user, with the home of the user and a relative path', async () => {
    const { developer, objects } = world;
    kubectl(['create', 'serviceaccount', 'plugin', '-n', objects.home]);
    const role = ['--clusterrole=cluster-admin', `--serviceaccount=${objects.home}:plugin`];
    kubectl(['create', 'rolebinding', 'plugin', '-n', objects.home, ...role]);
    const token = kubectl(['create', 'token', 'plugin', '-n', objects.home]).trim();
    const credential = JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token },
    });
    const plugin = `#!/bin/sh\nid -u >"$HOME/witness"; id -G >>"$HOME/witness"; echo "$HOME $USER" >>"$HOME/witness"\necho '${credential}'\n`;
    developer.write(`${HOME}/plugins/token`, plugin, 0o700);
    writeUserKubeconfig(developer, `${HOME}/plugins/config`, {
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: './token',
        interactiveMode: 'Never',
      },
    });
    const session = developer.up(['--kubeconfig', `${HOME}/plugins/config`, '-n', objects.home]);
    await session.ready();
    await session.end();
    const { stdout } = await developer.run('cat', [`${HOME}/witness`]);
    assert.equal(stdout, `${USER_ID}\n${USER_ID} ${GROUP_ID}\n${HOME} developer\n`);
  });
});
