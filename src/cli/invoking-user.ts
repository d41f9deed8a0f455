/** From root to the user behind sudo, for good. */
import { beforeSudo } from '../machine/linux/processes/environment-before-sudo.ts';
import { runCommand } from '../machine/linux/system/commands.ts';
import { thisSystem } from '../machine/linux/system/system.ts';
import { invokingUser } from '../machine/linux/processes/user.ts';
import { userEnvironment } from '../machine/user.ts';

/**
 * Nothing happens when this is not root, or really root.  Resolves to the environment that the user's programs should
 * have.
 */
export async function becomeInvokingUser(): Promise<NodeJS.ProcessEnv> {
  if (process.getuid?.() !== 0) return process.env;
  const user = await invokingUser(runCommand, process.env);
  if (user.uid === 0) return process.env;
  // While it may be read: the sudo process is root's.
  const before = beforeSudo(thisSystem().files, user.uid, process.env);
  // In this order: once the user is changed, groups can no longer be.
  joinGroups(user.name, user.gid);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
  return { ...userEnvironment(user, process.env), ...before };
}

function joinGroups(name: string, group: number): void {
  // Node has it; its types have not.
  const system = process as { initgroups?(user: string, group: number): void };
  try {
    system.initgroups?.(name, group);
  } catch {
    // A number without an entry in the user database has no groups but its own; root's must not stay.
    process.setgroups?.([group]);
  }
}
