import assert from 'node:assert/strict';
import { invokingUser } from '../../../src/machine/linux/processes/user.ts';
import type { Run } from '../../../src/machine/linux/system/commands.ts';

/** A user database with one user. */
const getent: Run = async (_command, [, key = '']) =>
  ['4242', 'dev'].includes(key)
    ? { code: 0, stdout: 'dev:x:4242:4243::/home/dev:/bin/zsh\n', stderr: '' }
    : { code: 2, stdout: '', stderr: '' };
const DEV = { uid: 4242, gid: 4243, name: 'dev', home: '/home/dev', shell: '/bin/zsh', listed: true };

describe('who the unprivileged part runs as', () => {
  const CASES: Record<string, [NodeJS.ProcessEnv, object]> = {
    'sudo tells a number': [{ SUDO_UID: '4242', SUDO_GID: '1', SUDO_USER: 'x' }, DEV],
    'pkexec tells a number': [{ PKEXEC_UID: '4242' }, DEV],
    'doas tells a name': [{ DOAS_USER: 'dev' }, DEV],
    'a number that the database does not know': [
      { SUDO_UID: '77', SUDO_GID: '78', SUDO_USER: 'ghost' },
      { uid: 77, gid: 78, name: 'ghost', home: '/', shell: '/bin/sh', listed: false },
    ],
    'nobody: root it is': [{}, { uid: 0, gid: 0, name: '0', home: '/', shell: '/bin/sh', listed: false }],
  };
  for (const [name, [environment, user]] of Object.entries(CASES)) {
    it(name, async () => assert.deepEqual(await invokingUser(getent, environment), user));
  }

  for (const environment of [{ SUDO_UID: '0x10' }, { PKEXEC_UID: '-1' }, { DOAS_USER: 'ghost' }]) {
    it(`refuses ${JSON.stringify(environment)}`, async () => {
      await assert.rejects(invokingUser(getent, environment), { code: 'sudo-uid-invalid', failure: 'permission' });
    });
  }
});
