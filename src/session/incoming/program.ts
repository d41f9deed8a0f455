/** Which program has a socket: for people, who look for the one that they forgot. */
import { readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

export interface Program {
  readonly name: string;
  readonly pid: number;
}

/** By the inode of the socket's file; null when it is another user's, which the kernel does not show. */
export async function programOf(inode: number, folder = '/proc'): Promise<Program | null> {
  const link = `socket:[${inode}]`;
  for (const entry of await readdir(folder).catch(() => [])) {
    if (!/^[0-9]+$/.test(entry) || !(await holds(`${folder}/${entry}/fd`, link))) continue;
    const file = await readlink(`${folder}/${entry}/exe`).catch(() => null);
    if (file !== null) return { name: basename(file), pid: Number(entry) };
  }
  return null;
}

/** False for a process that has ended, and for one that may not be looked into. */
async function holds(folder: string, link: string): Promise<boolean> {
  const descriptors = await readdir(folder).catch(() => []);
  const links = await Promise.all(descriptors.map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
  return links.includes(link);
}
