/**
 * What is due when: a binary heap that tolerates stale times.
 *
 * A flow moves its deadline with every packet, nearly always to a later time.  Moving later is only an assignment; the
 * heap notices when the old time comes, and puts the entry where it belongs.  So the heap is touched once per time-out
 * and not once per packet, and `next` may be early but never late.
 */

export abstract class Timed {
  /** Infinity: not at all.  Set through `Deadlines.set`. */
  deadline = Infinity;
  /** The heap's own: the time that it sorts this entry by (never after `deadline`), and where the entry is. */
  heapTime = Infinity;
  heapIndex = -1;

  /** The deadline has come; it is Infinity again when this is called. */
  abstract expire(now: number): void;
}

export class Deadlines {
  readonly #heap: Timed[] = [];

  /** The earliest time at which `expire` may have something to do; null: never. */
  get next(): number | null {
    return this.#heap[0]?.heapTime ?? null;
  }

  /** Infinity is allowed: the entry then leaves by itself when its old time comes. */
  set(entry: Timed, deadline: number): void {
    entry.deadline = deadline;
    if (deadline >= entry.heapTime) return;
    if (entry.heapIndex < 0) entry.heapIndex = this.#heap.push(entry) - 1;
    entry.heapTime = deadline;
    this.#up(entry.heapIndex);
  }

  remove(entry: Timed): void {
    entry.deadline = Infinity;
    if (entry.heapIndex >= 0) this.#take(entry.heapIndex);
  }

  /** Calls `expire` of every entry whose deadline has come. */
  expire(now: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.heapTime <= now; first = this.#heap[0]) {
      const deadline = first.deadline;
      this.#take(0);
      if (deadline > now) {
        this.set(first, deadline);
        continue;
      }
      first.deadline = Infinity;
      first.expire(now);
    }
  }

  #take(index: number): void {
    const heap = this.#heap;
    const entry = heap[index];
    entry.heapTime = Infinity;
    entry.heapIndex = -1;
    const last = heap.pop()!;
    if (last === entry) return;
    heap[index] = last;
    last.heapIndex = index;
    this.#up(index);
    this.#down(last.heapIndex);
  }

  #up(from: number): void {
    const heap = this.#heap;
    const entry = heap[from];
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent].heapTime <= entry.heapTime) break;
      this.#place(heap[parent], index);
      index = parent;
    }
    this.#place(entry, index);
  }

  #down(from: number): void {
    const heap = this.#heap;
    const entry = heap[from];
    let index = from;
    for (let child = 1; (child = index * 2 + 1) < heap.length; index = child) {
      if (child + 1 < heap.length && heap[child + 1].heapTime < heap[child].heapTime) child++;
      if (heap[child].heapTime >= entry.heapTime) break;
      this.#place(heap[child], index);
    }
    this.#place(entry, index);
  }

  #place(entry: Timed, index: number): void {
    this.#heap[index] = entry;
    entry.heapIndex = index;
  }
}
