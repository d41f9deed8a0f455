/**
 * The target container's own process, and its environment as /proc has it.
 *
 * Beside a container with a process namespace of its own it is the first process there.  Where a pod shares one, the first
 * is the pod's `pause`: then the container's cgroup tells, whose path ends in the runtime's id (cgroups(7); of another
 * cgroup namespace `/../ID`).  Where paths say nothing (`/`), the log that the kubelet mounts for a container does.
 */
import { readdir, readFile } from 'node:fs/promises';
import type { ProcessEnvironment, TargetContainer } from '../peer/environment.ts';

const FIRST_PID = '1';
/** Processes that are looked at, since a node (hostPID) may have any number. */
const PROCESS_LIMIT = 10_000;
/** Of /proc/PID/stat, behind the program's name (proc(5), field 22). */
const START_TIME = 19;

/** Where the agent looks; tests have a folder of their own. */
export interface ProcessFolder {
  readonly path: string;
  /** The agent's. */
  readonly self: string;
}

export async function targetEnvironment(
  container: TargetContainer,
  folder: ProcessFolder = { path: '/proc', self: String(process.pid) },
): Promise<ProcessEnvironment> {
  const pid = container.sharesProcesses ? await findProcess(container, folder) : FIRST_PID;
  // Alone in its namespace: the runtime has put it beside nothing.
  if (pid === null || pid === folder.self) return { missing: 'unfound' };
  const text = await content(folder, pid, 'environ');
  return text === null ? { missing: 'unreadable' } : { text };
}

/** The first of a container's processes is the oldest; those that `kubectl exec` added are younger. */
async function findProcess(container: TargetContainer, folder: ProcessFolder): Promise<string | null> {
  const names = await readdir(folder.path);
  const pids = names.filter((name) => /^\d+$/.test(name) && name !== folder.self).slice(0, PROCESS_LIMIT);
  const found: { readonly pid: string; readonly started: number }[] = [];
  for (const pid of pids) {
    if (await isOf(container, folder, pid)) found.push({ pid, started: await startTime(folder, pid) });
  }
  return found.toSorted((a, b) => a.started - b.started)[0]?.pid ?? null;
}

async function isOf({ id, name, podUid }: TargetContainer, folder: ProcessFolder, pid: string): Promise<boolean> {
  const cgroup = await content(folder, pid, 'cgroup');
  if (id !== '' && cgroup?.includes(id) === true) return true;
  const mounts = await content(folder, pid, 'mountinfo');
  return mounts?.includes(`/pods/${podUid}/containers/${name}/`) === true;
}

async function startTime(folder: ProcessFolder, pid: string): Promise<number> {
  const stat = (await content(folder, pid, 'stat')) ?? '';
  // The name in brackets may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[START_TIME] ?? Infinity);
}

/** Null for a process that has ended, and for one of another user where that matters. */
async function content({ path }: ProcessFolder, pid: string, file: string): Promise<string | null> {
  return readFile(`${path}/${pid}/${file}`, 'utf8').catch(() => null);
}
