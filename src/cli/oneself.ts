/**
 * Whose sessions may be asked: one's own, and root's.
 *
 * Behind sudo, one is the user who called it.  What a session answers goes into the environment of programs, so it must
 * come from the program's own user, or from root.
 */
import type { Trust } from '../control/client.ts';
import { runCommand } from '../machine/linux/system/commands.ts';
import { invokingUser } from '../machine/linux/processes/user.ts';

const ROOT = 0;

export async function oneself(): Promise<Trust> {
  const own = process.geteuid?.();
  const user = own === ROOT ? (await invokingUser(runCommand, process.env)).uid : own;
  return (uid) => uid === ROOT || uid === user;
}

/** For `down` and a round trip: root asks anyone's session, and takes nothing from it but a text or a number. */
export async function whoMayBeTold(): Promise<Trust> {
  return process.geteuid?.() === ROOT ? () => true : oneself();
}
