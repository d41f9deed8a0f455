import { readlinkSync } from 'node:fs';
import { type SessionId, sessionFolder } from '../../../src/control/session-folder.ts';

/** The session of that name in a process's network namespace. */
export const sessionOf = (pid: number, name = 'default'): SessionId => ({
  name,
  networkNamespace: readlinkSync(`/proc/${pid}/ns/net`),
});

/** Its folder, as that process sees it. */
export const folderOf = (pid: number, name?: string): string => sessionFolder(sessionOf(pid, name));
