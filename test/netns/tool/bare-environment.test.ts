import assert from 'node:assert/strict';
import { useSandbox } from '../support/session.ts';

/** As cron, a container with an arbitrary uid, or a unit of systemd starts a program. */
describe('mirrord with an empty environment, for a user whom no database knows', () => {
  const world = useSandbox();
  const bare = (...args: string[]) =>
    world.sandbox.developer.run(
      'env',
      [
        '-i',
        'PATH=/usr/bin:/bin',
        'setpriv',
        '--reuid=4343',
        '--regid=4343',
        '--clear-groups',
        world.sandbox.mirrord,
      ].concat(args),
      { as: 'root' },
    );

  it('has a version, help and a status', async () => {
    assert.match((await bare('--version')).stdout, /^mirrord/);
    assert.match((await bare('--help')).stdout, /USAGE/);
    assert.deepEqual(await bare('status', '--json'), {
      code: 0,
      signal: null,
      stdout: '{"sessions":[],"others":[]}\n',
      stderr: '',
    });
  });

  it('works in a directory that has been deleted', async () => {
    const script = 'mkdir /run/gone && cd /run/gone && rmdir /run/gone && exec "$0" "$@"';
    const { code, stdout } = await world.sandbox.developer.run(
      'sh',
      ['-c', script, world.sandbox.mirrord, 'verify-config', '/nonexistent'],
      { as: 'root' },
    );
    assert.deepEqual([code, (JSON.parse(stdout) as { type: string }).type], [0, 'Fail']);
  });

  it('says in words what is missing', async () => {
    assert.match((await bare('ls')).stderr, /^Error: No kubeconfig: \/\.kube\/config/);
    assert.match((await bare('env')).stderr, /^Error: No session 'default' is up/);
    assert.match((await bare('up')).stderr, /^Error: .* need root/);
  });
});
