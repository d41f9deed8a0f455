/**
 * `node read-entry UID GID NAME PATH...`: prints the first of these files that is there, as far as this user may read it.
 * The paths lie below the folder of descriptor 3, which may be the root of another process.
 *
 * Only the effective user changes: the real one stays root, so that the user can neither look into this process nor take
 * its descriptor, which leads where the user may not go.  It is a process of its own since a file system of the user's may
 * keep its reader waiting for ever (FUSE); its caller sets a deadline.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { openBelow } from '../system/open-below.ts';

const OUTPUT = 1;
const ROOT = 3;

/** Of a file; glibc takes some hundred bytes of a resolv.conf, and no program writes more than a few thousand. */
const SIZE_MAX = 64 * 1024;

const [uid = '', gid = '', name = '', ...paths] = process.argv.slice(2);
if (process.getuid?.() === 0 && uid !== '0') become(Number(uid), Number(gid), name);
for (const path of paths) {
  const text = read(path);
  if (text === undefined) continue;
  writeFileSync(OUTPUT, text);
  break;
}

function become(user: number, group: number, account: string): void {
  // In this order: once the user is changed, groups can no longer be.
  if (account === '') process.setgroups?.([group]);
  // Node has it; its types have not.
  else (process as { initgroups?(account: string, group: number): void }).initgroups?.(account, group);
  process.setegid?.(group);
  process.seteuid?.(user);
}

/** Undefined for what is not there, is not a file, is too large or may not be read. */
function read(path: string): string | undefined {
  const opened: number[] = [];
  try {
    const found = openBelow(ROOT, path);
    opened.push(found);
    // First looked at, then opened: the same file, whatever its name leads to by now.
    const { size } = fstatSync(found);
    if (!fstatSync(found).isFile() || size > SIZE_MAX) return undefined;
    const file = openSync(`/proc/self/fd/${found}`, constants.O_RDONLY | constants.O_NONBLOCK);
    opened.push(file);
    const bytes = Buffer.alloc(SIZE_MAX);
    let length = 0;
    for (let count = -1; count !== 0 && length < SIZE_MAX; length += count) {
      count = readSync(file, bytes, length, SIZE_MAX - length, null);
    }
    return bytes.toString('utf8', 0, length);
  } catch {
    return undefined;
  } finally {
    for (const each of opened) closeSync(each);
  }
}
