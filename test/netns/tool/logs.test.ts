import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mirrord, poll, up, useSession } from '../support/session.ts';

const HOME = '/run/home';
const LOG = `${HOME}/.local/state/mirrord/default.log`;
const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} info {2}ready .*mode/m;
const SECRET = 'hunter2S3cr3t';
/** A kubeconfig with all that may be secret in one, for a cluster that is not there. */
const KUBECONFIG = JSON.stringify({
  'current-context': 'c',
  contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9', 'proxy-url': `http://dev:${SECRET}@127.0.0.1:9` } }],
  users: [{ name: 'u', user: { token: SECRET, password: SECRET } }],
});

describe('the log of a session', function () {
  this.timeout(60_000);
  const world = useSession();

  it('is named by up and status, and printed with times that people read', async () => {
    await poll(() => /^ {2}log /m.test(world.session.output), 'the whole first screen');
    assert.match(world.session.output, /^ {2}log {7}~\/\.local\/state\/mirrord\/default\.log$/m);
    assert.match(
      (await mirrord(world.sandbox, ['status'])).stdout,
      /^ {2}log +~\/\.local\/state\/mirrord\/default\.log$/m,
    );
    for (const as of ['developer', 'sudo'] as const) {
      const { code, stdout, stderr } = await mirrord(world.sandbox, ['logs'], as);
      assert.equal(code, 0, stderr);
      assert.match(stdout, LINE);
    }
  });

  it('is followed into the next session', async () => {
    const following = world.sandbox.developer.start(world.sandbox.mirrord, ['logs', '-f'], { as: 'developer' });
    let said = '';
    following.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await poll(
      () => LINE.test(said),
      'what is there',
      10_000,
      () => said,
    );
    assert.equal((await mirrord(world.sandbox, ['down'])).code, 0);
    await poll(() => / info {2}stopping /.test(said), 'what comes');
    said = '';
    world.session = await up(world.sandbox).ready();
    await poll(() => LINE.test(said), 'the next session');
    following.kill();
    await once(following, 'close');
  });

  it('is read with the rights of the user, also by sudo', async () => {
    const { developer } = world.sandbox;
    const other = `${HOME}/.local/state/mirrord/other.log`;
    await developer.run('sh', ['-c', `echo ${SECRET} >/run/only-root; chmod 600 /run/only-root`]);
    await developer.run('ln', ['-s', '/run/only-root', other], { as: 'developer' });
    const { code, stdout, stderr } = await mirrord(world.sandbox, ['logs', '--name', 'other'], 'sudo');
    assert.equal(code, 2);
    assert.match(stderr, /^Error: There is no log at .*EACCES/);
    assert.ok(!`${stdout}${stderr}`.includes(SECRET));
    await developer.run('rm', [other]);
  });

  it('is named by a failure', async () => {
    const { stderr } = await mirrord(world.sandbox, ['up', '--name', 'bad', '--kubeconfig', '/nonexistent'], 'sudo');
    assert.match(stderr, /^Error: .*\n( {2}→ .*\n)* {2}→ The log: \/run\/home\/\.local\/state\/mirrord\/bad\.log\n$/);
  });

  for (const as of ['developer', 'sudo'] as const) {
    it(`is part of the report that ${as} makes, which is the user’s alone and has no secret`, async () => {
      const { developer, mirrord: program } = world.sandbox;
      const file = `${HOME}/report-${as}.txt`;
      await developer.run('sh', ['-c', 'cat >/run/home/kubeconfig'], { as: 'developer', input: KUBECONFIG });
      await developer.run('sh', ['-c', `echo '{"msg":"token=${SECRET}"}' >>${LOG}`], { as: 'developer' });
      const args = ['report', '--file', file, '--kubeconfig', '/run/home/kubeconfig'];
      const { code, stdout, stderr } = await developer.run(program, args, { as });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^\S+ contains versions, doctor, status and the end of the log\.\n/);
      assert.equal((await developer.run('stat', ['-c', '%u %a', file])).stdout, '4242 600\n');
      const text = (await developer.run('cat', [file], { as: 'developer' })).stdout;
      assert.match(
        text,
        /^== versions\n\nmirrord\/\S+ .*\nLinux \S+ .*\n[^]*== doctor\n\n✔ [^]*\n== status\n\ndefault: ready/,
      );
      assert.match(text, LINE);
      assert.ok(!text.includes(SECRET), text);
      const again = await developer.run(program, args, { as });
      assert.equal(again.code, 2);
      assert.match(again.stderr, /^Error: The report cannot be written: EEXIST/);
    });
  }
});
