/**
 * What sudo took away: with its usual policy (`env_reset`, sudoers(5)) KUBECONFIG, AWS_PROFILE, HTTPS_PROXY and the
 * user's PATH do not arrive.  They are still to be read in the sudo process above us, whose own environment is the one
 * that the user called it with.
 *
 * For programs that run as that user alone: sudo has its reasons to keep these values from root's.
 */
import { setAside } from '../../../node-environment.ts';
import type { Files } from '../../files.ts';

/**
 * What `uid` had before sudo and is missing from `now`; nothing unless a sudo that this user called is above this
 * process and may be looked into.  PATH is both, the user's own first: sudo's `secure_path` lacks the folders that people
 * install credential plugins into.
 */
export function beforeSudo(
  files: Files,
  uid: number,
  now: NodeJS.ProcessEnv,
  parent = process.ppid,
): Record<string, string> {
  const before = setAside(calledWith(files, uid, parent));
  const missing = Object.entries(before).filter(([name]) => now[name] === undefined);
  const folders = [before['PATH'], now['PATH']].flatMap((list) => list?.split(':') ?? []);
  return {
    ...Object.fromEntries(missing),
    ...(before['PATH'] === undefined ? {} : { PATH: [...new Set(folders)].join(':') }),
  };
}

function calledWith(files: Files, uid: number, parent: number): Readonly<Record<string, string>> {
  let pid = parent;
  while (pid > 1 && !isSudo(files, pid)) pid = statusOf(files, pid, 'PPid');
  let above = pid;
  // With a terminal of its own (`use_pty`) there are two of them.
  while (above > 1 && isSudo(files, above)) above = statusOf(files, above, 'PPid');
  if (above <= 1 || statusOf(files, above, 'Uid') !== uid) return {};
  return Object.fromEntries(
    environmentOf(files, pid).flatMap((entry) => {
      const end = entry.indexOf('=');
      return end > 0 ? [[entry.slice(0, end), entry.slice(end + 1)]] : [];
    }),
  );
}

function environmentOf(files: Files, pid: number): string[] {
  try {
    return (files.read(`/proc/${pid}/environ`) ?? '').split('\0');
  } catch {
    // Even root may be kept from looking into a setuid program (a container without CAP_SYS_PTRACE).
    return [];
  }
}

/**
 * Any process may call itself so, and a user's own could make its reader wait for ever (userfaultfd, FUSE).  The real user
 * of a sudo that waits is still its caller.
 */
function isSudo(files: Files, pid: number): boolean {
  return files.read(`/proc/${pid}/comm`)?.trim() === 'sudo' && statusOf(files, pid, 'Uid', EFFECTIVE) === 0;
}

/** Users in /proc/PID/status (proc_pid_status(5)): real, effective, saved, of the file system. */
const EFFECTIVE = 1;

/** A number of a line of /proc/PID/status, by default the first; 0 where there is no line. */
function statusOf(files: Files, pid: number, key: 'PPid' | 'Uid', place = 0): number {
  const status = files.read(`/proc/${pid}/status`) ?? '';
  const numbers = new RegExp(`^${key}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
  return Number(numbers.split(/\s+/)[place] ?? 0);
}
