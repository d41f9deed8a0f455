/** Two multiplexers on two real byte streams, over a transport in memory that splits, delays and can be cut. */
import { Duplex } from 'node:stream';
import { ByteStream } from '../../../src/connection/byte-stream.ts';
import { Link } from '../../../src/connection/link.ts';
import { Mux, type MuxEvents } from '../../../src/mux/mux.ts';
import { type Opening, decodeOpening } from '../../../src/peer/opening.ts';
import { type Services, createPeer } from '../../../src/peer/peer.ts';

/** mulberry32: small, seeded, good enough to choose. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Like a socket: what is written is read from the writer's memory a little later, and arrives in other pieces. */
class WireEnd extends Duplex {
  other: WireEnd | undefined;
  readonly #next: () => number;

  constructor(next: () => number) {
    super();
    this.#next = next;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#carry([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#carry(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _destroy(_error: Error | null, done: () => void): void {
    setImmediate(() => this.other?.destroy());
    done();
  }

  #carry(chunks: readonly Buffer[], done: () => void): void {
    setImmediate(() => {
      const { other } = this;
      if (!this.destroyed && other && !other.destroyed) {
        const all = Buffer.concat(chunks);
        for (let at = 0; at < all.length;) {
          const end = at + 1 + Math.floor(this.#next() * 65_536);
          other.push(Buffer.from(all.subarray(at, end)));
          at = end;
        }
      }
      done();
    });
  }
}

function wire(next: () => number): [Duplex, Duplex] {
  const [near, far] = [new WireEnd(next), new WireEnd(next)];
  near.other = far;
  far.other = near;
  return [near, far];
}

const ignore = { data() {}, control() {}, malformed() {}, lost() {} };

/** What an end does in a test; it opens what the product's ends open, and by default declines and must not fail. */
export interface EndEvents {
  readonly opened?: (id: number, opening: Opening) => void;
  readonly broken?: (reason: string) => void;
}

function eventsOf({ opened, broken }: EndEvents, mux: () => Mux): MuxEvents {
  return {
    opened(id, payload) {
      const opening = decodeOpening(payload);
      if (opening === null) return false;
      if (opened === undefined) mux().decline(id, 'EACCES');
      else opened(id, opening);
      return true;
    },
    broken(reason) {
      if (broken === undefined) throw new Error(reason);
      broken(reason);
    },
  };
}

export interface PairOptions {
  readonly near?: EndEvents;
  readonly far?: EndEvents;
  /** Two peers instead, each with what it serves. */
  readonly services?: { readonly near: Services; readonly far: Services };
  readonly seed?: number;
  /** What the path is said to have, ms. */
  readonly roundTripMs?: number;
}

export class MuxPair {
  readonly near: Mux;
  readonly far: Mux;
  readonly nearBytes: ByteStream;
  readonly farBytes: ByteStream;
  cuts = 0;
  readonly #next: () => number;
  readonly #roundTripMs: number;
  #isJoining = false;

  constructor({ near = {}, far = {}, services, seed = 1, roundTripMs = 0.1 }: PairOptions) {
    this.#next = random(seed);
    this.#roundTripMs = roundTripMs;
    const events = { lost: () => this.#rejoin(), closed() {} };
    this.nearBytes = new ByteStream(events);
    this.farBytes = new ByteStream(events);
    const nearEvents = eventsOf(near, () => this.near);
    const farEvents = eventsOf(far, () => this.far);
    if (services === undefined) {
      this.near = new Mux(this.nearBytes, true, nearEvents);
      this.far = new Mux(this.farBytes, false, farEvents);
    } else {
      this.near = createPeer(this.nearBytes, true, services.near, nearEvents.broken);
      this.far = createPeer(this.farBytes, false, services.far, farEvents.broken);
    }
    this.#join();
  }

  /** The transport dies: at first one end notices, what is under way is lost, and a new one follows. */
  cut(): void {
    if (this.#isJoining) return;
    this.cuts++;
    (this.#next() < 0.5 ? this.nearBytes : this.farBytes).lost('cut by the test');
  }

  /** The transport dies, and no other follows before `mend`. */
  sever(): void {
    this.#isJoining = true;
    this.nearBytes.detach();
    this.farBytes.detach();
  }

  close(): void {
    this.sever();
    for (const bytes of [this.nearBytes, this.farBytes]) bytes.destroy();
    for (const mux of [this.near, this.far]) mux.close();
  }

  mend(): void {
    this.#join();
  }

  #rejoin(): void {
    if (this.#isJoining) return;
    this.#isJoining = true;
    setImmediate(() => this.#join());
  }

  #join(): void {
    const { nearBytes, farBytes } = this;
    nearBytes.detach();
    farBytes.detach();
    this.#isJoining = false;
    const [near, far] = wire(this.#next);
    // As the hello does: what each has received is settled before either goes on.
    const [nearReceived, farReceived] = [nearBytes.received, farBytes.received];
    nearBytes.attach(new Link(near, ignore), farReceived, this.#roundTripMs);
    farBytes.attach(new Link(far, ignore), nearReceived, this.#roundTripMs);
    // After the links: the next read goes into the same memory, and who still looks at this one is found out.
    for (const end of [near, far]) end.on('data', (chunk: Buffer) => chunk.fill(0xaa));
  }
}

/** Resolves when `holds`; a bounded poll, by turns of the event loop. */
export async function settled(holds: () => boolean, what: string, limitMs = 8_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await turn();
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** So many turns that whatever is under way has arrived. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn();
}
