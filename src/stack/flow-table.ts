/**
 * Flows by the four-tuple of their packets.
 *
 * The key is a small integer mixed from ports and addresses (V8 keeps those unboxed, so a look-up allocates nothing);
 * flows whose keys collide are chained.  The seed makes chains unpredictable to a program that picks its ports.
 */
import { read32 } from '../packet/index.ts';

export interface Tuple {
  /** Source and destination as they stand in the program's packets: 8 bytes, or 32. */
  readonly addresses: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** What a flow carries for the table's sake; both are the table's own. */
export interface TableEntry<T> {
  readonly tuple: Tuple;
  tableKey: number;
  tableNext: T | null;
}

/** Small enough to stay a tagged integer on every build of V8. */
const KEY_MASK = 0x3fffffff;

export class FlowTable<T extends TableEntry<T>> {
  readonly #flows = new Map<number, T>();
  readonly #seed: number;
  /** Bulk traffic asks for the same flow again and again. */
  #last: T | null = null;
  size = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** `addresses`: offset of source and destination within `bytes`. */
  find(bytes: Uint8Array, addresses: number, length: number, sourcePort: number, destinationPort: number): T | null {
    if (this.#last !== null && matches(this.#last.tuple, bytes, addresses, length, sourcePort, destinationPort)) {
      return this.#last;
    }
    const key = hash(this.#seed, bytes, addresses, length, sourcePort, destinationPort);
    let flow = this.#flows.get(key) ?? null;
    while (flow !== null && !matches(flow.tuple, bytes, addresses, length, sourcePort, destinationPort)) {
      flow = flow.tableNext;
    }
    if (flow !== null) this.#last = flow;
    return flow;
  }

  add(flow: T): void {
    const { addresses, sourcePort, destinationPort } = flow.tuple;
    flow.tableKey = hash(this.#seed, addresses, 0, addresses.length, sourcePort, destinationPort);
    flow.tableNext = this.#flows.get(flow.tableKey) ?? null;
    this.#flows.set(flow.tableKey, flow);
    this.size++;
  }

  remove(flow: T): void {
    if (this.#last === flow) this.#last = null;
    const first = this.#flows.get(flow.tableKey);
    if (first === flow) {
      if (flow.tableNext === null) this.#flows.delete(flow.tableKey);
      else this.#flows.set(flow.tableKey, flow.tableNext);
    } else {
      let before = first;
      while (before !== undefined && before.tableNext !== flow) before = before.tableNext ?? undefined;
      if (before === undefined) return;
      before.tableNext = flow.tableNext;
    }
    flow.tableNext = null;
    this.size--;
  }

  /** A copy: flows may be removed while it is walked. */
  all(): T[] {
    const flows: T[] = [];
    for (const first of this.#flows.values()) {
      for (let flow: T | null = first; flow !== null; flow = flow.tableNext) flows.push(flow);
    }
    return flows;
  }
}

/** A 30-bit key of a four-tuple; also of a destination alone, for counting per destination. */
export function hash(
  seed: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  sourcePort: number,
  destinationPort: number,
): number {
  let mixed = seed ^ ((sourcePort << 16) | destinationPort);
  for (let i = offset; i < offset + length; i += 4) {
    // The multiplier is 2^32 divided by the golden ratio (Knuth, volume 3, section 6.4).
    mixed = Math.imul(mixed ^ read32(bytes, i), 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  return mixed & KEY_MASK;
}

function matches(
  tuple: Tuple,
  bytes: Uint8Array,
  offset: number,
  length: number,
  sourcePort: number,
  destinationPort: number,
): boolean {
  const addresses = tuple.addresses;
  if (tuple.sourcePort !== sourcePort || tuple.destinationPort !== destinationPort) return false;
  if (addresses.length !== length) return false;
  for (let i = 0; i < length; i++) if (addresses[i] !== bytes[offset + i]) return false;
  return true;
}
