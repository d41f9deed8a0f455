/**
 * What a session has changed, or is about to change, and how it was before.
 *
 * `/run/mirrord/NAME.NETWORK/` (NETWORK: the inode of the network namespace that the session was made in) is root's, in
 * memory, and gone with a reboot, like the changes themselves.  An entry is written before its change is made and removed
 * after the change is taken back, so that whatever dies in between leaves an entry too many, never one too few;
 * `playback.ts` reads them.  What dies with a descriptor (the TUN and its routes, settings of the link, the nftables
 * table) has no entry.
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
import type { BoundFlow } from '../../machine/network-state.ts';
import type { FileKind } from '../../machine/linux/system/files.ts';
import type { System } from '../../machine/linux/system/system.ts';
import { socketsOf } from '../../machine/linux/network/sockets.ts';

export const RUN_FOLDER = SESSIONS_FOLDER;

/** Files that are gone with the routes, the undo batches aside. */
const OF_THE_NETWORK: readonly string[] = ['network.json', 'bound.json', 'reserved.json'];

/** Of the journal's files: for root alone, or for everybody to read. */
const PRIVATE = 0o600;
const PUBLIC = 0o644;

export interface Owner extends SessionRecord {
  /** The process's start time: a number alone is given out again. */
  readonly start: string;
}

export interface NetworkEntry {
  readonly tun: string;
  /** Its own, as CIDRs: sockets with one of them are the session's. */
  readonly addresses: readonly string[];
  /** What other sessions must keep clear of. */
  readonly routes: readonly string[];
  /** The way back of rules and routes: lines for `ip -4 -force -batch`, and for `-6`. */
  readonly undo: { readonly 4: readonly string[]; readonly 6: readonly string[] };
}

export interface ResolvConfEntry {
  /** undefined: there was none. */
  readonly before: (FileKind & { readonly content: string }) | undefined;
  /** What was put in its place; anything else there now is another program's. */
  readonly written: string;
}

/** Tells sessions that come later how to stand in front of this one; the redirect itself dies with its holder. */
export interface RedirectEntry {
  /** Of its nftables chain; a newer session's is lower. */
  readonly priority: number;
  readonly exemption: Exemption;
}

/** By what the questions that a session itself asks are known: all of it together. */
export interface Exemption {
  readonly uid: number;
  /** By UDP; TTL or hop limit. */
  readonly hopLimit: number;
  /** Source ports by TCP. */
  readonly tcp: readonly number[];
  /** Firewall mark of its sockets; it alone is enough. */
  readonly mark?: number;
}

/** A cgroup of the session's own. */
export interface OutsideEntry {
  readonly folder: string;
  /** The cgroup that it is in. */
  readonly parent: string;
}

export function checkName(name: string): void {
  if (isSessionName(name)) return;
  throw new MirrordError('usage', 'name-invalid', `"${name}" cannot be the name of a session.`, {
    help: 'Use lower-case letters, digits and hyphens, 31 at most.',
  });
}

interface Written {
  readonly text: string;
  readonly mode: number;
}

export class Journal implements SessionId {
  readonly name: string;
  readonly networkNamespace: string;
  readonly #system: System;
  /** What this process has written, by file: who removes the folder must not take the way back along. */
  readonly #own = new Map<string, Written>();

  /** `networkNamespace`: by default this process's own. */
  constructor(system: System, name: string, networkNamespace = system.probes.networkNamespace('self') ?? '') {
    checkName(name);
    this.#system = system;
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
    const { files, probes } = this.#system;
    const owner: Owner = {
      pid: process.pid,
      start: probes.processStart(process.pid) ?? '',
      networkNamespace: this.networkNamespace,
      user: { uid: user.uid, name: user.name },
    };
    try {
      files.folder(this.folder, 0o755);
      this.#write(RECORD, JSON.stringify(owner), PUBLIC);
      files.folder(this.sessionFolder, 0o700, user.uid, user.gid);
    } catch (error) {
      this.discard();
      throw runFolderUnusable(error as NodeJS.ErrnoException);
    }
  }

  owner(): Owner | undefined {
    return this.#read(RECORD) as Owner | undefined;
  }

  /** Whether the process that made the folder is still the one that has its number. */
  alive(): boolean {
    const owner = this.owner();
    return owner !== undefined && this.#system.probes.processStart(owner.pid) === owner.start;
  }

  writeNetwork(entry: NetworkEntry): void {
    // The batches are files of their own, so that the guard's shell can hand them over without reading them.  They
    // carry the process's number, so that it never plays back those of a successor.
    this.#write(`network.json`, JSON.stringify(entry));
    for (const family of [4, 6] as const) this.#write(undoName(process.pid, family), undoBatch(entry, family));
    this.#writeSockets();
  }

  network(): NetworkEntry | undefined {
    return this.#read('network.json') as NetworkEntry | undefined;
  }

  /** Flows to end that are not known by their address; of the network, and gone with it. */
  writeBound(flows: readonly BoundFlow[]): void {
    if (this.network() === undefined) return;
    this.#write('bound.json', JSON.stringify(flows));
    this.#writeSockets();
  }

  /** The filter of the sockets that are the session's, for `ss`; empty: there are none. */
  sockets(): string {
    const bound = (this.#read('bound.json') ?? []) as readonly BoundFlow[];
    return socketsOf(this.network()?.addresses ?? [], bound);
  }

  /** Ranges that others must keep clear of from now on, whether they are routed yet or not. */
  writeReserved(ranges: readonly string[]): void {
    this.#write('reserved.json', JSON.stringify(ranges));
  }

  clearNetwork(): void {
    for (const file of [...this.#system.files.list(this.folder), ...this.#own.keys()]) {
      if (OF_THE_NETWORK.includes(file) || file.startsWith('undo-')) this.#remove(file);
    }
  }

  writeResolvConf(entry: ResolvConfEntry): void {
    this.#write('resolv-conf.json', JSON.stringify(entry));
  }

  resolvConf(): ResolvConfEntry | undefined {
    return this.#read('resolv-conf.json') as ResolvConfEntry | undefined;
  }

  clearResolvConf(): void {
    this.#remove('resolv-conf.json');
  }

  /** That systemd-resolved has been told of the TUN's link, and may have written of it. */
  writeResolved(): void {
    this.#write('resolved', '');
  }

  resolved(): boolean {
    return this.#text('resolved') !== undefined;
  }

  clearResolved(): void {
    this.#remove('resolved');
  }

  writeOutside(entry: OutsideEntry): void {
    this.#write('outside.json', JSON.stringify(entry));
  }

  outside(): OutsideEntry | undefined {
    return this.#read('outside.json') as OutsideEntry | undefined;
  }

  clearOutside(): void {
    this.#remove('outside.json');
  }

  writeRedirect(entry: RedirectEntry): void {
    this.#write('redirect.json', JSON.stringify(entry));
  }

  redirect(): RedirectEntry | undefined {
    return this.#read('redirect.json') as RedirectEntry | undefined;
  }

  clearRedirect(): void {
    this.#remove('redirect.json');
  }

  /** Ranges of the other live sessions in this network namespace, one entry each. */
  otherNetworks(): readonly { readonly name: string; readonly routes: readonly string[] }[] {
    return this.#neighbours().map((other) => ({ name: other.name, routes: other.#ranges() }));
  }

  #ranges(): readonly string[] {
    const reserved = (this.#read('reserved.json') ?? []) as readonly string[];
    return [...new Set([...(this.network()?.routes ?? []), ...reserved])];
  }

  /** Redirects of the same. */
  otherRedirects(): readonly RedirectEntry[] {
    return this.#neighbours()
      .map((other) => other.redirect())
      .filter((entry) => entry !== undefined);
  }

  /** All other sessions that have a folder, in every network namespace, whether they live or not. */
  others(): readonly Journal[] {
    return allJournals(this.#system).filter((other) => other.folder !== this.folder);
  }

  #neighbours(): readonly Journal[] {
    return this.others().filter((other) => other.networkNamespace === this.networkNamespace && other.alive());
  }

  /** Every change has been taken back. */
  get clean(): boolean {
    return (
      this.network() === undefined &&
      this.resolvConf() === undefined &&
      this.outside() === undefined &&
      !this.resolved()
    );
  }

  /** Removes the folder, and with the last session's the one that holds them all. */
  discard(): void {
    const { files } = this.#system;
    this.#own.clear();
    files.remove(this.folder);
    files.removeEmpty(RUN_FOLDER);
  }

  #writeSockets(): void {
    const filter = this.sockets();
    const file = undoName(process.pid, 'sockets');
    // A name's route comes with every other answer; these stay the same.
    if (this.#text(file) !== filter) this.#write(file, filter);
  }

  #write(file: string, text: string, mode = PRIVATE): void {
    const { files } = this.#system;
    if (files.kind(this.folder) === undefined) {
      files.folder(this.folder, 0o755);
      for (const [each, own] of this.#own) files.replace(`${this.folder}/${each}`, own.text, own.mode);
    }
    files.replace(`${this.folder}/${file}`, text, mode);
    this.#own.set(file, { text, mode });
  }

  #text(file: string): string | undefined {
    return this.#system.files.read(`${this.folder}/${file}`) ?? this.#own.get(file)?.text;
  }

  #read(file: string): unknown {
    const text = this.#text(file);
    return text === undefined ? undefined : JSON.parse(text);
  }

  #remove(file: string): void {
    this.#own.delete(file);
    this.#system.files.remove(`${this.folder}/${file}`);
  }
}

/** Lines for `ip -FAMILY -force -batch`; the link goes once, with the first of the families. */
export const undoBatch = ({ tun, undo }: NetworkEntry, family: 4 | 6): string =>
  [...(family === 4 ? [`link del ${tun}`] : []), ...undo[family], ''].join('\n');

/** Beside the batches: the filter of the sockets to end. */
export const undoName = (pid: number, part: 4 | 6 | 'sockets'): string => `undo-${pid}.${part}`;

/** Of every session that has a folder, in every network namespace. */
export const allJournals = (system: System): readonly Journal[] =>
  system.files.list(RUN_FOLDER).flatMap((folder) => {
    const session = parseFolderName(folder);
    return session && system.files.kind(`${RUN_FOLDER}/${folder}`)?.kind === 'folder'
      ? [new Journal(system, session.name, session.networkNamespace)]
      : [];
  });

export function runFolderUnusable(error: NodeJS.ErrnoException): MirrordError {
  const help =
    error.code === 'ENOSPC'
      ? 'The file system of /run is full; `df /run` shows it.  Nothing has been changed.'
      : '/run must be writable for root: the way back is kept there.  Nothing has been changed.';
  const message = `${RUN_FOLDER} cannot be written: ${error.message}.`;
  return new MirrordError('host', 'run-folder-unusable', message, { help, cause: error });
}
