/**
 * Whom the agents of a target on this machine run as.
 *
 * The one for outgoing traffic is the invoking user, with no right of its own.  The one for incoming traffic changes the
 * target's network, for which it needs CAP_NET_ADMIN there, and a group by which its own connections are told
 * (incoming-groups.ts).  It is the invoking user all the same, and not a root without capabilities, who could still write
 * root's files.  The capability is of use in the target's network alone: entering another takes CAP_SYS_ADMIN.
 */
import { FIRST_GROUP } from '../../../incoming-groups.ts';
import { launcherFile } from '../../../native/launcher.ts';
import { setAside } from '../../../node-environment.ts';
import { commandMissing, isInstalled } from '../system/commands.ts';
import type { Files } from '../../files.ts';
import { type User, userEnvironment } from '../../user.ts';
import type { AgentIdentity } from './agent-process.ts';
import { asUser } from './user.ts';

/** `environment`: the caller's. */
export function outgoingIdentity(files: Files, user: User, environment: NodeJS.ProcessEnv): AgentIdentity {
  return { prefix: asUser(files, user), environment: setAside(userEnvironment(user, environment)) };
}

/** Nothing of the caller's environment: a library of the user's choice (LD_PRELOAD) must not come by the capability. */
export function incomingIdentity(files: Files, user: User): AgentIdentity {
  if (!isInstalled(files, 'setpriv')) throw commandMissing('setpriv');
  const prefix = [
    'setpriv',
    `--reuid=${user.uid}`,
    `--regid=${FIRST_GROUP}`,
    '--clear-groups',
    '--inh-caps=-all,+net_admin',
    '--ambient-caps=-all,+net_admin',
    '--bounding-set=-all,+net_admin',
    '--no-new-privs',
    '--',
    launcherFile(),
  ];
  return { prefix, environment: { MIRRORD_ROLE: 'incoming' } };
}
