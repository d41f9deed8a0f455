/**
 * A session's journal, in files.
 *
 * `/run/mirrord/NAME.NETWORK/` (NETWORK: the inode of the network namespace that the session was made in) is root's, in
 * memory, and gone with a reboot, like the changes themselves.  What dies with a descriptor (the TUN and its routes,
 * settings of the link, the nftables table) has no entry.
 */
import {
  RECORD,
  SESSIONS_FOLDER,
  type SessionId,
  type SessionRecord,
  isSessionName,
  parseFolderName,
  sessionFolder,
  userFolder,
} from '../../control/session-folder.ts';
import { MirrordError } from '../../errors.ts';
import type { Journal } from '../../machine/journal.ts';
import type { Machine } from '../../machine/machine.ts';

/** Of the journal's files: for root alone, or for everybody to read. */
const PRIVATE = 0o600;
const PUBLIC = 0o644;

/** What is asked of the machine to keep journals on it. */
export type Keeper = Pick<Machine, 'files' | 'probes'>;

export interface Owner extends SessionRecord {
  /** The process's start time: a number alone is given out again. */
  readonly start: string;
}

function checkName(name: string): void {
  if (isSessionName(name)) return;
  throw new MirrordError('usage', 'name-invalid', `"${name}" is not a valid session name.`, {
    help: 'Use lower-case letters, digits and hyphens, 31 at most.',
  });
}

interface Written {
  readonly text: string;
  readonly mode: number;
}

export class SessionJournal implements Journal, SessionId {
  readonly name: string;
  readonly networkNamespace: string;
  readonly #keeper: Keeper;
  /** What this process has written, by file: who removes the folder must not take the way back along. */
  readonly #own = new Map<string, Written>();

  /** `networkNamespace`: by default this process's own. */
  constructor(keeper: Keeper, name: string, networkNamespace = keeper.probes.networkNamespace('self') ?? '') {
    checkName(name);
    this.#keeper = keeper;
    this.name = name;
    this.networkNamespace = networkNamespace;
  }

  get folder(): string {
    return sessionFolder(this);
  }

  /** The session's own folder: the control socket, the agent's socket, logs. */
  get sessionFolder(): string {
    return userFolder(this);
  }

  /** Makes the folders for this process; nothing has been changed when it throws. */
  claim(user: { readonly uid: number; readonly gid: number; readonly name: string }): void {
    const { files, probes } = this.#keeper;
    const owner: Owner = {
      pid: process.pid,
      start: probes.processStart(process.pid) ?? '',
      networkNamespace: this.networkNamespace,
      user: { uid: user.uid, name: user.name },
    };
    try {
      files.folder(this.folder, 0o755);
      this.write(RECORD, JSON.stringify(owner), PUBLIC);
      files.folder(this.sessionFolder, 0o700, user.uid, user.gid);
    } catch (error) {
      this.discard();
      throw runFolderUnusable(error as NodeJS.ErrnoException);
    }
  }

  owner(): Owner | undefined {
    const text = this.read(RECORD);
    return text === undefined ? undefined : (JSON.parse(text) as Owner);
  }

  pid(): number | undefined {
    return this.owner()?.pid;
  }

  /** Whether the process that made the folder is still the one that has its number. */
  alive(): boolean {
    const owner = this.owner();
    return owner !== undefined && this.#keeper.probes.processStart(owner.pid) === owner.start;
  }

  read(entry: string): string | undefined {
    return this.#keeper.files.read(`${this.folder}/${entry}`) ?? this.#own.get(entry)?.text;
  }

  write(entry: string, text: string, mode = PRIVATE): void {
    const { files } = this.#keeper;
    if (files.kind(this.folder) === undefined) {
      files.folder(this.folder, 0o755);
      for (const [each, own] of this.#own) files.replace(`${this.folder}/${each}`, own.text, own.mode);
    }
    files.replace(`${this.folder}/${entry}`, text, mode);
    this.#own.set(entry, { text, mode });
  }

  remove(entry: string): void {
    this.#own.delete(entry);
    this.#keeper.files.remove(`${this.folder}/${entry}`);
  }

  list(): readonly string[] {
    return [...new Set([...this.#keeper.files.list(this.folder), ...this.#own.keys()])];
  }

  others(): readonly SessionJournal[] {
    return allJournals(this.#keeper).filter((other) => other.folder !== this.folder);
  }

  neighbours(): readonly SessionJournal[] {
    return this.others().filter((other) => other.networkNamespace === this.networkNamespace && other.alive());
  }

  /** Removes the folder, and with the last session's the one that holds them all. */
  discard(): void {
    const { files } = this.#keeper;
    this.#own.clear();
    files.remove(this.folder);
    files.removeEmpty(SESSIONS_FOLDER);
  }
}

/** Of every session that has a folder, in every network namespace. */
export const allJournals = (keeper: Keeper): readonly SessionJournal[] =>
  keeper.files.list(SESSIONS_FOLDER).flatMap((folder) => {
    const session = parseFolderName(folder);
    return session && keeper.files.kind(`${SESSIONS_FOLDER}/${folder}`)?.kind === 'folder'
      ? [new SessionJournal(keeper, session.name, session.networkNamespace)]
      : [];
  });

export function runFolderUnusable(error: NodeJS.ErrnoException): MirrordError {
  const help =
    error.code === 'ENOSPC'
      ? 'The file system of /run is full; see `df /run`. Nothing has been changed.'
      : 'Root must be able to write to /run: the record of changes is kept there. Nothing has been changed.';
  const message = `${SESSIONS_FOLDER} cannot be written: ${error.message}.`;
  return new MirrordError('host', 'run-folder-unusable', message, { help, cause: error });
}
