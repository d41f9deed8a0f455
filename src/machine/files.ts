import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** One byte is one character: what need not be understood is written back unchanged, whatever its encoding. */
export const BYTES = 'latin1';

export type Encoding = 'utf8' | typeof BYTES;

export interface FileKind {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a link. */
  readonly target?: string;
}

/**
 * Files below a root: `/` on the machine, a temporary folder in tests.
 *
 * Synchronous on purpose: the files are small and in memory or in the page cache, and a journal entry must be there
 * before the next line runs.  Absence is `undefined`; every other failure throws Node's own error.
 */
export class Files {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  path(path: string): string {
    return join(this.#root, path);
  }

  read(path: string, encoding: Encoding = 'utf8'): string | undefined {
    return this.#unlessAbsent(() => readFileSync(this.path(path), encoding));
  }

  list(path: string): readonly string[] {
    return this.#unlessAbsent(() => readdirSync(this.path(path))) ?? [];
  }

  link(path: string): string | undefined {
    return this.#unlessAbsent(() => readlinkSync(this.path(path)));
  }

  /** Of the name itself: a link is not followed. */
  kind(path: string): FileKind | undefined {
    return this.#unlessAbsent(() => {
      const stat = lstatSync(this.path(path));
      const kind = stat.isSymbolicLink() ? 'link' : stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other';
      const base = { kind, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid } as const;
      return kind === 'link' ? { ...base, target: readlinkSync(this.path(path)) } : base;
    });
  }

  /** Of what the name leads to. */
  inode(path: string): number | undefined {
    return this.#unlessAbsent(() => statSync(this.path(path)).ino);
  }

  /** Replaces the content and nothing else: the inode (a bind mount's, perhaps), owner and mode stay. */
  overwrite(path: string, bytes: string): void {
    // No O_TRUNC: the old content is there until the new one is, and its blocks take it back when the disk is full.
    const fd = openSync(this.path(path), constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      const before = readFileSync(fd);
      try {
        writeAll(fd, Buffer.from(bytes, BYTES));
      } catch (error) {
        writeAll(fd, before);
        throw error;
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Puts a file there in one step, whatever had the name before. */
  replace(path: string, text: string, mode: number, uid = 0, gid = 0, encoding: Encoding = 'utf8'): void {
    const aside = `${this.path(path)}.mirrord-${process.pid}`;
    rmSync(aside, { force: true });
    const fd = openSync(aside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
    try {
      try {
        writeAll(fd, Buffer.from(text, encoding));
        fchownSync(fd, uid, gid);
        fchmodSync(fd, mode);
      } finally {
        closeSync(fd);
      }
      renameSync(aside, this.path(path));
    } catch (error) {
      rmSync(aside, { force: true });
      throw error;
    }
  }

  /** Puts a symbolic link there in one step, whatever had the name before. */
  replaceByLink(path: string, target: string): void {
    const aside = `${this.path(path)}.mirrord-${process.pid}`;
    rmSync(aside, { force: true });
    symlinkSync(target, aside);
    renameSync(aside, this.path(path));
  }

  /** Makes the folder with exactly this owner and mode; an existing one is adjusted. */
  folder(path: string, mode: number, uid = 0, gid = 0): void {
    mkdirSync(this.path(path), { recursive: true, mode });
    chownSync(this.path(path), uid, gid);
    chmodSync(this.path(path), mode);
  }

  /** One that was not there. */
  makeFolder(path: string): void {
    mkdirSync(this.path(path), { mode: 0o755 });
  }

  /** Writes to a file of the kernel's, which takes it as an order. */
  tell(path: string, order: string): void {
    writeFileSync(this.path(path), order, { flag: 'r+' });
  }

  remove(path: string): void {
    rmSync(this.path(path), { recursive: true, force: true });
  }

  /** A folder in which there is nothing; any other stays. */
  removeEmpty(path: string): void {
    try {
      rmdirSync(this.path(path));
    } catch {
      // Somebody has put something there, or has removed it: theirs to care for.
    }
  }

  /** Where a link leads, one step, as an absolute path; undefined when it is none. */
  target(path: string): string | undefined {
    const target = this.kind(path)?.target;
    return target === undefined ? undefined : resolve(dirname(path), target);
  }

  #unlessAbsent<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // ESRCH: a process of /proc ended between open and read.
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return undefined;
      throw error;
    }
  }
}

/** From the start of the file, and nothing behind it; a single write may take less than it is given. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, at);
  ftruncateSync(fd, bytes.length);
}
