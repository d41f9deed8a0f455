import { networkInterfaces } from 'node:os';

/** An unknown address makes the machine be read again, but strangers cannot keep it busy with that, ms. */
const READ_AGAIN_MS = 100;

/** Whether addresses are this machine's own, as things are now. */
export class OwnAddresses {
  readonly #read: () => readonly string[];
  readonly #now: () => number;
  #known: ReadonlySet<string> = new Set();
  #readAt = -Infinity;

  constructor(read = readMachine, now = () => performance.now()) {
    this.#read = read;
    this.#now = now;
  }

  /** `address` as Node tells a peer's; a zone may follow it. */
  has(address: string): boolean {
    const bare = address.replace(/%.*$/, '');
    if (bare.startsWith('127.') || this.#known.has(bare)) return true;
    const now = this.#now();
    if (now - this.#readAt < READ_AGAIN_MS) return false;
    this.#readAt = now;
    this.#known = new Set(this.#read());
    return this.#known.has(bare);
  }
}

const readMachine = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []);
