/**
 * What a session has changed, or is about to change, and how it was before.
 *
 * The entries are the implementation's own: it writes one before its change is made, and removes it after the change is
 * taken back, so that whatever dies in between leaves an entry too many, never one too few.  The supervisor keeps them,
 * and hands them back to the implementation when the session has died.
 */
export interface Journal {
  /** Of the session. */
  readonly name: string;
  /** That the session was made in: `net:[4026531840]`. */
  readonly networkNamespace: string;
  /** Where entries are files of their names, so that a shell can hand them over. */
  readonly folder: string;
  /** Undefined: there is none. */
  read(entry: string): string | undefined;
  write(entry: string, text: string): void;
  remove(entry: string): void;
  /** Names of all entries. */
  list(): readonly string[];
  /** Number of the process that has made it. */
  pid(): number | undefined;
  /** Of all other sessions of this machine, in every network namespace, whether they live or not. */
  others(): readonly Journal[];
  /** Of the other live sessions in this network namespace. */
  neighbours(): readonly Journal[];
}

/** For changes that go with this process, as those in a namespace of its own: no other session, and nothing to hand back. */
export class MemoryJournal implements Journal {
  readonly name: string;
  readonly networkNamespace: string;
  readonly folder = '';
  readonly #entries = new Map<string, string>();

  constructor(name: string, networkNamespace: string) {
    this.name = name;
    this.networkNamespace = networkNamespace;
  }

  read(entry: string): string | undefined {
    return this.#entries.get(entry);
  }

  write(entry: string, text: string): void {
    this.#entries.set(entry, text);
  }

  remove(entry: string): void {
    this.#entries.delete(entry);
  }

  list(): readonly string[] {
    return [...this.#entries.keys()];
  }

  pid(): number | undefined {
    return process.pid;
  }

  others(): readonly Journal[] {
    return [];
  }

  neighbours(): readonly Journal[] {
    return [];
  }
}
