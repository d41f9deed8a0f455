/** The machine's hosts file (hosts(5)), for names that the filter keeps local. */
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { normalName } from '../names/name.ts';

/** Larger files (blocking lists reach some MB) are read in part: local names stand in hand-written lines. */
const MAX_BYTES = 16 * 1024 * 1024;

export type HostTable = ReadonlyMap<string, readonly string[]>;

/** Name in normal form to its addresses, in the file's order.  Lines without sense are skipped. */
export function parseHosts(text: string): HostTable {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of new Set(names.map(normalName))) {
      const known = table.get(name);
      if (known === undefined) table.set(name, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return table;
}

/** Reads the file again whenever it has changed.  A file that cannot be read holds no names. */
export class HostsFile {
  readonly #path: string;
  #version = '';
  #table: HostTable = new Map();

  constructor(path: string) {
    this.#path = path;
  }

  /** Addresses of the first of `names` that the file knows. */
  async lookup(names: readonly string[]): Promise<readonly string[] | undefined> {
    const table = await this.table();
    for (const name of names) {
      const addresses = table.get(name);
      if (addresses !== undefined) return addresses;
    }
    return undefined;
  }

  /** All of it, as it is now. */
  async table(): Promise<HostTable> {
    await this.#refresh();
    return this.#table;
  }

  async #refresh(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path);
      const version = `${ino} ${size} ${mtimeMs}`;
      if (version === this.#version) return;
      const bytes = await readFile(this.#path);
      this.#table = parseHosts(bytes.subarray(0, MAX_BYTES).toString('utf8'));
      this.#version = version;
    } catch {
      // Missing or unreadable: to the machine's own resolver, too, that is an empty file.
      this.#table = new Map();
      this.#version = '';
    }
  }
}
