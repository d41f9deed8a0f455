/**
 * What the client has announced (RFC 9113, section 6.5), and from when on it counts: it is the original's acknowledgement
 * that the client goes by, for frames of either side.
 */
import { INITIAL_WINDOW } from './limits.ts';

interface Announced {
  readonly window: number | null;
  readonly table: number | null;
}

export class ClientSettings {
  readonly #waiting: Announced[] = [];
  #acknowledged = INITIAL_WINDOW;
  #latest = INITIAL_WINDOW;
  /* Table sizes that no block has told the client's decoder of. */
  #leastTable: number | null = null;
  #lastTable: number | null = null;

  /** Announced, not acknowledged. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** A stream's first window, as announced last. */
  get announcedWindow(): number {
    return this.#latest;
  }

  /** The one to go by: a lower one from its announcement on, a higher one from its acknowledgement on. */
  get window(): number {
    return this.#waiting.reduce((least, { window }) => Math.min(least, window ?? least), this.#acknowledged);
  }

  announce(window: number | null, table: number | null): void {
    this.#waiting.push({ window, table });
    if (window !== null) this.#latest = window;
  }

  /** An acknowledgement goes to the client. */
  acknowledge(): void {
    const settings = this.#waiting.shift();
    if (settings === undefined) return;
    const { window, table } = settings;
    if (window !== null) this.#acknowledged = window;
    if (table === null) return;
    this.#leastTable = Math.min(this.#leastTable ?? table, table);
    this.#lastTable = table;
  }

  /** What the next block of ours has to begin with (RFC 7541, section 4.2). */
  takeTableSizes(): readonly number[] {
    const sizes = [this.#leastTable, this.#lastTable].filter((size) => size !== null);
    this.tablesTold();
    return sizes[0] === sizes[1] ? sizes.slice(1) : sizes;
  }

  /** A block of main has told the client's decoder. */
  tablesTold(): void {
    this.#leastTable = null;
    this.#lastTable = null;
  }
}
