/** Control groups, version 2 (the kernel's Documentation/admin-guide/cgroup-v2.rst), alone or beside version 1. */
import { join, relative } from 'node:path';
import type { Files } from '../../files.ts';

/** A process may fork while it is moved; one that ends keeps its cgroup busy for a moment after it has left the list, ms. */
const PATIENCE_MS = 1_000;
const PAUSE_MS = 5;

/** Folders of the cgroup that this process is in, and of the outermost one that can be seen; undefined where none can be. */
export function ownCgroup(files: Files): { readonly folder: string; readonly root: string } | undefined {
  const path = /^0::(\/.*)$/m.exec(files.read('/proc/self/cgroup') ?? '')?.[1];
  // In a cgroup namespace: `/..` is outside of it.
  if (path === undefined || path.startsWith('/..')) return undefined;
  for (const line of (files.read('/proc/self/mountinfo') ?? '').split('\n')) {
    // proc_pid_mountinfo(5): ID PARENT DEVICE ROOT PLACE OPTIONS ... - TYPE SOURCE OPTIONS
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', place = ''] = before.split(' ');
    const below = relative(root, path);
    if (!after.startsWith('cgroup2 ') || below.startsWith('..')) continue;
    const folder = join(place, below);
    // Another mount may lie over it, as in containers.
    if (files.kind(`${folder}/cgroup.procs`) !== undefined) return { folder, root: place };
  }
  return undefined;
}

/** Moves who is still in the cgroup to its parent, and removes it.  False: it is still there. */
export function removeCgroup(files: Files, folder: string, parent: string): boolean {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    for (const pid of files.read(`${folder}/cgroup.procs`)?.split('\n') ?? []) {
      if (pid !== '') move(files, parent, pid);
    }
    files.removeEmpty(folder);
    if (files.kind(folder) === undefined) return true;
    if (performance.now() > end) return false;
    pause();
  }
}

/** Nothing else is to happen before it is gone: what follows may be the end of this process. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

function move(files: Files, parent: string, pid: string): void {
  try {
    files.tell(`${parent}/cgroup.procs`, pid);
  } catch {
    // It has ended meanwhile; or it may not go there, and the folder stays.
  }
}
