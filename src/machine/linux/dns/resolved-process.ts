/** The process systemd-resolved: whether it runs, and how it is made to write its resolv.conf files again. */
import { setTimeout as delay } from 'node:timers/promises';
import type { System } from '../system/system.ts';

/** /proc/PID/comm keeps 15 characters. */
const PROCESS_NAME = 'systemd-resolve';

/** No name of a session's TUN: the kernel puts a number where this has letters. */
const SHORT_LIVED = 'mirrord-dns';

/** resolved hears of a new link within milliseconds; D-Bus may be quicker. */
const REVERT_DEADLINE_MS = 1_000;
const REVERT_POLL_MS = 10;

/**
 * Whether it runs in this very network namespace, or in the one given.  Asking over D-Bus could start it, and from
 * another namespace would reach one whose links are not ours.
 *
 * It has a user of its own, whose processes only root may look into (proc_pid_ns(5)): anyone else takes one of that name
 * for the machine's.
 */
export function resolvedRuns({ files, probes }: System, namespace = probes.networkNamespace('self')): boolean {
  const isThere = (pid: number): boolean => {
    const found = probes.networkNamespace(pid);
    return found === namespace || (found === undefined && probes.uid() !== 0);
  };
  return files
    .list('/proc')
    .some(
      (pid) => /^\d+$/.test(pid) && files.read(`/proc/${pid}/comm`)?.trim() === PROCESS_NAME && isThere(Number(pid)),
    );
}

/**
 * resolved 255 forgets a link that has gone but leaves its domains in stub-resolv.conf until something else makes it
 * write the file, as RevertLink does, for any link.  It needs a link, and every other one is somebody's: so there is
 * one for the moment.  `enter`: the command that leads into the namespace.
 */
export async function rewriteResolvConf(system: System, enter: readonly string[]): Promise<void> {
  const succeeds = async (...args: readonly string[]): Promise<boolean> => {
    const [command = '', ...rest] = [...enter, ...args];
    // A resolved that hangs must not keep the rest from being restored; it writes its files when it is started again.
    const result = await system.run(command, rest).catch(() => undefined);
    return result?.code === 0;
  };
  const remove = (): Promise<boolean> => succeeds('ip', 'link', 'del', SHORT_LIVED);
  // A TUN, since that driver is there.  One that exists already is from a playback that was killed.
  const add = (): Promise<boolean> => succeeds('ip', 'tuntap', 'add', 'dev', SHORT_LIVED, 'mode', 'tun');
  if (!(await add()) && !((await remove()) && (await add()))) return;
  const deadline = performance.now() + REVERT_DEADLINE_MS;
  while (!(await succeeds('resolvectl', 'revert', SHORT_LIVED)) && performance.now() < deadline) {
    await delay(REVERT_POLL_MS);
  }
  await remove();
}
