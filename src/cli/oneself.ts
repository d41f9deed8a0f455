import type { Trust } from '../control/client.ts';
import { runCommand } from '../host/machine/commands.ts';
import { invokingUser } from '../host/user.ts';

const ROOT = 0;

/**
 * Whose sessions may be asked: one's own, and root's.  Behind sudo one is the user who called it, so that what is taken
 * from a session never serves a user who has no say over it: neither another one, nor root.
 */
export async function oneself(): Promise<Trust> {
  const own = process.geteuid?.();
  const user = own === ROOT ? (await invokingUser(runCommand, process.env)).uid : own;
  return (uid) => uid === ROOT || uid === user;
}
