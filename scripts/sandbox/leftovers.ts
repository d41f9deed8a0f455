/** Finds and removes what a sandbox has put on the machine: processes in its namespaces, the namespaces, its folder. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { must } from './command.ts';

export const STATE_FOLDER = '/run/mirrord-sandbox';
const NAMESPACE_FOLDER = '/run/netns';
/** Where version 2 is mounted, alone or beside version 1. */
const CGROUPS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];
/** The kernel frees a killed process's namespaces a moment later; more than this is a defect. */
const END_DEADLINE_MS = 5_000;

export const namespaceName = (id: string, side: string): string => `mirrord-${id}-${side}`;
export const stateFolder = (id: string): string => join(STATE_FOLDER, id);

/** Makes the state folder and writes down whose it is. */
export function claim(id: string): void {
  mkdirSync(stateFolder(id), { recursive: true });
  writeFileSync(join(stateFolder(id), 'owner'), `${process.pid} ${startTime(process.pid)}`);
}

/** Removes every sandbox whose owner no longer runs; resolves to their ids. */
export async function cleanUp(): Promise<string[]> {
  if (!existsSync(STATE_FOLDER)) return [];
  const dead = readdirSync(STATE_FOLDER).filter((id) => !ownerLives(id));
  for (const id of dead) await remove(id, []);
  return dead;
}

/** `extra`: network namespaces by inode that have no name. */
export async function remove(id: string, extra: readonly number[]): Promise<void> {
  const present = readdirSync(NAMESPACE_FOLDER).filter((name) => name.startsWith(namespaceName(id, '')));
  const recorded = join(stateFolder(id), 'developer');
  const developer = existsSync(recorded) ? [Number(readFileSync(recorded, 'utf8'))] : [];
  const inodes = new Set([
    ...extra,
    ...developer,
    ...present.map((name) => statSync(join(NAMESPACE_FOLDER, name)).ino),
  ]);
  await endProcesses(inodes);
  for (const inode of inodes) await removeCgroups(inode);
  for (const name of present) await must('ip', ['netns', 'delete', name]);
  rmSync(stateFolder(id), { recursive: true, force: true });
  if (readdirSync(STATE_FOLDER).length === 0) rmSync(STATE_FOLDER, { recursive: true, force: true });
}

/**
 * Of sessions that were killed with the machine whose network namespace has this inode: cgroups are in no namespace.  The
 * kernel ends a machine's processes one after the other, and until the last one is gone its cgroup is busy.
 */
export async function removeCgroups(inode: number): Promise<void> {
  for (const place of CGROUPS) {
    const names = existsSync(place) ? readdirSync(place) : [];
    for (const name of names) {
      if (name.startsWith('mirrord.') && name.endsWith(`.${inode}`)) await removeCgroup(join(place, name));
    }
  }
}

async function removeCgroup(folder: string): Promise<void> {
  for (const deadline = Date.now() + END_DEADLINE_MS; ; await delay(10)) {
    try {
      return rmdirSync(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || Date.now() > deadline) throw error;
    }
  }
}

async function endProcesses(inodes: ReadonlySet<number>): Promise<void> {
  const deadline = Date.now() + END_DEADLINE_MS;
  for (;;) {
    const living = processesIn(inodes);
    if (living.length === 0) return;
    if (Date.now() > deadline) throw new Error(`processes ${living.join(' ')} do not end`);
    for (const pid of living) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone between the look and the signal.
      }
    }
    await delay(10);
  }
}

export function processesIn(inodes: ReadonlySet<number>): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && inodes.has(networkNamespace(pid) ?? -1));
}

/** Inode of a process's network namespace; undefined when the process is gone. */
export function networkNamespace(pid: number): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
  } catch {
    return undefined;
  }
}

function ownerLives(id: string): boolean {
  try {
    const [pid = '', start] = readFileSync(join(stateFolder(id), 'owner'), 'utf8').split(' ');
    return startTime(Number(pid)) === start;
  } catch {
    return false;
  }
}

/** Field 22 of /proc/PID/stat (proc(5)): tells a process from a later one with the same id.  Empty when it is gone. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
