/** Users by sudo's variables, and programs as them by setpriv(1). */
import { MirrordError } from '../../../errors.ts';
import type { User } from '../../user.ts';
import { commandMissing, isInstalled, type Run } from '../system/commands.ts';
import type { Files } from '../../files.ts';

/**
 * From the environment variables of sudo, pkexec or doas (which gives a name and no number); who may become root may
 * also choose who to be.
 */
export async function invokingUser(run: Run, environment: NodeJS.ProcessEnv): Promise<User> {
  const number = environment['SUDO_UID'] || environment['PKEXEC_UID'] || environment['DOAS_UID'];
  if (number && !/^\d{1,10}$/.test(number)) {
    throw new MirrordError('permission', 'sudo-uid-invalid', `SUDO_UID is not a user ID: ${JSON.stringify(number)}.`, {
      help: 'Run mirrord with sudo and do not set this variable yourself.',
    });
  }
  const key = number || environment['DOAS_USER'] || '0';
  // Through getent, and not through Node: users may live in a directory service.
  const { stdout } = await run('getent', ['passwd', key]);
  const [name, , uid, gid, , home, shell] = stdout.trim().split(':');
  if (name && uid && gid) {
    return { uid: Number(uid), gid: Number(gid), name, home: home || '/', shell: shell || '/bin/sh', listed: true };
  }
  if (!number && key !== '0') {
    throw new MirrordError('permission', 'sudo-uid-invalid', `DOAS_USER is not a user: ${JSON.stringify(key)}.`, {
      help: 'Run mirrord with doas and do not set this variable yourself.',
    });
  }
  const group = Number(environment['SUDO_GID'] ?? key);
  return {
    uid: Number(key),
    gid: group,
    name: environment['SUDO_USER'] ?? key,
    home: '/',
    shell: '/bin/sh',
    listed: false,
  };
}

/**
 * The command in front of a program that is to run as the user, with all of the user's groups and no capability.
 *
 * Node's own `uid` and `gid` would drop the supplementary groups, and with them the right to read a kubeconfig or to
 * use a socket that a group was given.
 */
export function asUser(files: Files, user: User): readonly string[] {
  if (user.uid === 0) return [];
  if (!isInstalled(files, 'setpriv')) throw commandMissing('setpriv');
  const groups = user.listed ? '--init-groups' : '--clear-groups';
  return ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, groups, '--inh-caps=-all', '--'];
}
