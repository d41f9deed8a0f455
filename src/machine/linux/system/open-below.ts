/**
 * Opens a path as a process does whose root folder is `root`: its links stay below that folder, however absolute they are.
 *
 * Each name is opened by itself, relative to what was opened before it, and no link is ever followed by the kernel.  So what
 * somebody exchanges meanwhile changes what is found, and never leads out; links of /proc that are more than text
 * (`/proc/1/root`) are no more than their text here.
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';

/** open(2): names a file and opens nothing, neither a device nor a FIFO.  Node has no name for it. */
export const O_PATH = 0o10000000;

/** Links that one path may lead through, as many as the kernel follows (MAXSYMLINKS). */
const MAX_LINKS = 40;

/** `root` is a descriptor of a folder.  A descriptor that is good for looking (O_PATH); throws as openSync does. */
export function openBelow(root: number, path: string): number {
  const names = path.split('/');
  /** The way from the root, which is not ours to close. */
  const way: number[] = [];
  let links = 0;
  try {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        closeAll(way.splice(-1));
        continue;
      }
      const place = `/proc/self/fd/${way.at(-1) ?? root}/${name}`;
      const found = openSync(place, O_PATH | constants.O_NOFOLLOW);
      way.push(found);
      if (!fstatSync(found).isSymbolicLink()) continue;
      closeAll(way.splice(-1));
      if (++links > MAX_LINKS) throw new Error(`${path} leads through more than ${MAX_LINKS} links`);
      const target = readlinkSync(place);
      if (target.startsWith('/')) closeAll(way.splice(0));
      names.unshift(...target.split('/'));
    }
    const last = way.pop();
    return last ?? openSync(`/proc/self/fd/${root}`, O_PATH);
  } finally {
    closeAll(way);
  }
}

function closeAll(descriptors: readonly number[]): void {
  for (const each of descriptors) closeSync(each);
}
