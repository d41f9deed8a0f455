/** Entries in the order of their last use: a list through the entries themselves, so that a use allocates nothing. */

/** What an entry carries for the list's sake; both are the list's own. */
export interface Recent<T> {
  older: T | null;
  newer: T | null;
}

export class Recency<T extends Recent<T>> {
  oldest: T | null = null;
  #newest: T | null = null;

  add(entry: T): void {
    entry.older = this.#newest;
    if (this.#newest === null) this.oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  used(entry: T): void {
    if (entry === this.#newest) return;
    this.remove(entry);
    this.add(entry);
  }

  remove(entry: T): void {
    if (entry.older === null) this.oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === null) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = null;
    entry.newer = null;
  }
}
