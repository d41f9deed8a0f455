import assert from 'node:assert/strict';
import type { Outcome } from '../../../scripts/sandbox/index.ts';
import { userFolder } from '../../../src/control/session-folder.ts';
import { sessionOf } from '../support/session-place.ts';
import { mirrord, poll, up, useSandbox } from '../support/session.ts';

const OTHER = '4343';
const HOME = '/run/home';
const IMPOSTOR = '/run/home/impostor/control.sock';

/** A program that the developer has put before every other one, for whoever takes the session's PATH. */
const TRAP = `
  mkdir ${HOME}/bin
  printf '#!/bin/sh\\necho trapped $(id -u)\\n' >${HOME}/bin/whoami
  chmod 755 ${HOME} ${HOME}/bin ${HOME}/bin/whoami
  mkdir -m 777 ${HOME}/impostor
  echo '{"feature":{"env":{"override":{"PATH":"${HOME}/bin:/usr/bin:/bin"}}}}' >${HOME}/mirrord.json
`;

/** Says every question that comes to the socket at $1. */
const LISTENER = `
  const server = require('net').createServer((socket) => socket.on('data', (data) => console.log('heard ' + data)));
  server.listen(process.argv[1], () => console.log('listening'));
`;

/** Asks the socket at $1, whatever its own right to do so. */
const ASKER = `
  const socket = require('net').connect(process.argv[1], () => socket.write('{"version":1,"method":"env"}\\n'));
  socket.on('data', (data) => console.log(String(data)));
`;

describe('a session, to those whose it is not', () => {
  const world = useSandbox();
  before(async () => {
    const { code, stderr } = await world.sandbox.developer.run('sh', ['-ec', TRAP], { as: 'developer' });
    assert.equal(code, 0, stderr);
    await up(world.sandbox, { args: ['-f', `${HOME}/mirrord.json`] }).ready();
  });

  const asOther = (file: string, args: readonly string[], environment: readonly string[] = []): Promise<Outcome> =>
    world.sandbox.developer.run('env', [
      ...environment,
      'setpriv',
      `--reuid=${OTHER}`,
      `--regid=${OTHER}`,
      '--clear-groups',
      file,
      ...args,
    ]);
  const byOthersSudo = (...args: string[]): Promise<Outcome> =>
    world.sandbox.developer.run('env', [`SUDO_UID=${OTHER}`, `SUDO_GID=${OTHER}`, world.sandbox.mirrord, ...args]);
  const folder = (): string => userFolder(sessionOf(world.sandbox.developerPid));
  const refused = ({ code, stdout, stderr }: Outcome, what: string): void => {
    assert.deepEqual([code, stdout], [3, ''], `${what}: ${stderr}`);
    assert.match(stderr, /^Error: Session 'default' belongs to developer\./, what);
  };

  it('is named with its user, and no more', async () => {
    const { stdout } = await asOther(world.sandbox.mirrord, ['status']);
    assert.match(
      stdout,
      /^default: session of developer \(pid \d+\): all programs on this machine use it, including yours\n {2}Only developer can see its details\. Root can end it: sudo \S*mirrord down --name default\n$/,
    );
    const { sessions, others } = JSON.parse((await asOther(world.sandbox.mirrord, ['status', '--json'])).stdout) as {
      sessions: object[];
      others: Record<string, unknown>[];
    };
    assert.deepEqual(sessions, []);
    assert.deepEqual(
      others.map(({ name, user, carries_your_programs }) => [name, user, carries_your_programs]),
      [['default', 'developer', true]],
    );
  });

  it('answers nothing, and is not ended', async () => {
    const commands = [['env'], ['exec', 'whoami'], ['explain', 'web'], ['status', '--name', 'default'], ['down']];
    for (const args of commands) refused(await asOther(world.sandbox.mirrord, args), args.join(' '));
    assert.equal((await asOther(world.sandbox.mirrord, ['down', '--all'])).stdout, 'not running\n');
  });

  it('is not started anew by another user', async () => {
    refused(await byOthersSudo('up', '-t', `netns/${world.sandbox.target}`), 'up');
  });

  it('gives no program to root, nor to another user behind sudo', async () => {
    const own = await mirrord(world.sandbox, ['exec', 'whoami'], 'sudo');
    assert.equal(own.stdout, 'trapped 4242\n', own.stderr);
    refused(await mirrord(world.sandbox, ['exec', 'whoami'], 'root'), 'root');
    refused(await mirrord(world.sandbox, ['env'], 'root'), 'root');
    refused(await byOthersSudo('exec', 'whoami'), 'another sudo');
  });

  it('asks who is asking, whatever the modes of its files', async () => {
    const { developer } = world.sandbox;
    const open = await developer.run('chmod', ['-R', 'a+rwX', folder()]);
    assert.equal(open.code, 0, open.stderr);
    const { stdout } = await asOther(process.execPath, ['-e', ASKER, `${folder()}/control.sock`]);
    assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'session-not-yours');
    await developer.run('chmod', ['700', folder()]);
  });

  it('is not what another user’s socket in its place says', async () => {
    const { developer } = world.sandbox;
    const command = ['--reuid', OTHER, '--regid', OTHER, '--clear-groups', process.execPath, '-e', LISTENER];
    const listener = developer.start('setpriv', [...command, IMPOSTOR]);
    let said = '';
    listener.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await poll(() => said.includes('listening'), 'the impostor listens');
    await developer.run('chmod', ['777', IMPOSTOR]);
    const swap = `cd "$0"; mv control.sock own.sock; ln -s ${IMPOSTOR} control.sock`;
    const swapped = await developer.run('sh', ['-ec', swap, folder()], { as: 'developer' });
    assert.equal(swapped.code, 0, swapped.stderr);
    for (const [as, ...args] of [
      ['developer', 'env'],
      ['sudo', 'exec', 'true'],
      ['root', 'down'],
    ] as const) {
      const { code, stderr } = await mirrord(world.sandbox, args, as);
      assert.equal(code, 3, stderr);
      assert.match(stderr, /^Error: What listens at \S+ is not the session\./);
    }
    assert.doesNotMatch(said, /heard/);
    listener.kill();
    await developer.run('sh', ['-c', 'cd "$0" && mv own.sock control.sock', folder()]);
    assert.equal((await mirrord(world.sandbox, ['down'])).stdout, "session 'default' is down\n");
  });
});
