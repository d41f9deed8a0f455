/**
 * One transfer between the stack and a small TCP of its own, over a link with faults, in simulated time.
 *
 * The client shares nothing with the stack but the codecs: cumulative acknowledgements only, one segment sent again
 * after three duplicates or a fixed time-out.  The same seed gives the same run, to the millisecond.
 */
import { TCP_FLAG, TcpOptions, decodeTcpOptions, synOptions } from '../../../../src/packet/index.ts';
import { Stack, type TcpFlow } from '../../../../src/stack/index.ts';
import { FaultDevice, type Faults } from '../../../support/devices/fault-device.ts';
import { MemoryDevice } from '../../../support/devices/memory-device.ts';
import { PROGRAM_ISN, STACK_ISN, readTcp, tcpPacket } from './lab.ts';

/** ms, one way. */
const DELAY = 1;
const CLIENT_TIMEOUT = 200;
/** Bounds the stack's super-segments too, so that there are enough of them to lose. */
const CLIENT_WINDOW = 32 * 1024;
const CLIENT_MSS = 1460;
const TIME_LIMIT = 600_000;

export interface Outcome {
  readonly ms: number;
  /** Both directions arrived complete and in order, and both ends closed. */
  readonly intact: boolean;
}

/** What every stream carries. */
const PATTERN = Buffer.from(Uint8Array.from({ length: 8 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 255));

/** A small generator with a seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `up` bytes from the program and `down` bytes to it, at once; then both ends close. */
export function transfer(up: number, down: number, faults: Faults, seed: number): Outcome {
  const link = new Link();
  const wire = new MemoryDevice(1500, (header, headerLength, chunks, index, offset, length) => {
    const packet = Buffer.alloc(headerLength + length);
    packet.set(header.subarray(0, headerLength));
    let at = headerLength;
    for (let i = index, skip = offset; at < packet.length; i++, skip = 0) {
      at += Buffer.from(chunks[i].buffer, chunks[i].byteOffset, chunks[i].length).copy(packet, at, skip);
    }
    link.at(DELAY, () => client.input(packet));
    return 0;
  });
  const device = new FaultDevice(wire, { in: faults, out: faults }, seeded(seed));
  const server = new Server(down);
  const stack = new Stack(
    device,
    { tcp: (flow) => server.open(flow), udp: (flow) => flow.close(), echo: (request) => request.reply('timeout') },
    { now: () => link.now, random: () => 0.5 },
  );
  device.onPackets = (batch) => {
    stack.receive(batch);
    stack.flush();
  };
  const client = new Client(link, up, down, (packet) => link.at(DELAY, () => wire.deliver([packet])));
  client.start();
  while (link.now < TIME_LIMIT && !(client.isDone && server.isClosed)) {
    const wakeup = stack.nextWakeup();
    if (!link.run(wakeup ?? TIME_LIMIT)) {
      if (wakeup === null) break;
      stack.poll(link.now);
      stack.flush();
    }
  }
  return { ms: link.now, intact: client.isDone && server.isClosed && server.isIntact && server.received === up };
}

function isPattern(from: number, bytes: Uint8Array): boolean {
  return PATTERN.compare(bytes, 0, bytes.length, from, from + bytes.length) === 0;
}

/** Simulated time: what happens when. */
class Link {
  now = 0;
  readonly #queue: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  at(delay: number, run: () => void): void {
    const event = { at: this.now + delay, order: this.#order++, run };
    let i = this.#queue.length;
    while (i > 0 && this.#queue[i - 1].at > event.at) i--;
    this.#queue.splice(i, 0, event);
  }

  /** Runs the next event if it comes before `limit`, else lets time pass until then. */
  run(limit: number): boolean {
    const next = this.#queue[0];
    if (next === undefined || next.at >= limit) {
      this.now = Math.max(this.now, limit);
      return false;
    }
    this.#queue.shift();
    this.now = next.at;
    next.run();
    return true;
  }
}

/** The layer above the stack. */
class Server {
  received = 0;
  isIntact = true;
  isClosed = false;
  #sent = 0;
  readonly #down: number;

  constructor(down: number) {
    this.#down = down;
  }

  open(flow: TcpFlow): void {
    flow.accept(
      {
        data: (chunk) => {
          if (!isPattern(this.received, chunk)) this.isIntact = false;
          this.received += chunk.length;
          flow.consumed(chunk.length);
        },
        end: () => undefined,
        reset: () => (this.isIntact = false),
        drain: () => this.#push(flow),
        closed: () => (this.isClosed = true),
      },
      256 * 1024,
    );
    this.#push(flow);
  }

  #push(flow: TcpFlow): void {
    while (this.#sent < this.#down) {
      const length = Math.min(10_000, this.#down - this.#sent);
      const room = flow.send(PATTERN.subarray(this.#sent, this.#sent + length));
      this.#sent += length;
      if (!room) return;
    }
    flow.end();
  }
}

/** The program's TCP; all numbers are relative to the initial ones. */
class Client {
  readonly #link: Link;
  readonly #up: number;
  readonly #down: number;
  readonly #send: (packet: Uint8Array) => void;
  #isOpen = false;
  #acked = 0;
  #next = 0;
  #peerWindow = 0;
  #peerShift = 0;
  #duplicates = 0;
  #recover = 0;
  #timer = 0;
  /** The next byte (or FIN) that is expected, 1 being the first one. */
  #expected = 1;
  #peerFin = Infinity;
  readonly #early = new Map<number, Uint8Array>();
  #isIntact = true;

  constructor(link: Link, up: number, down: number, send: (packet: Uint8Array) => void) {
    this.#link = link;
    this.#up = up;
    this.#down = down;
    this.#send = send;
  }

  get isDone(): boolean {
    return this.#isIntact && this.#acked === this.#finAt + 1 && this.#expected === this.#down + 2;
  }

  /** Number of our FIN: SYN is 0, data begins with 1. */
  get #finAt(): number {
    return this.#up + 1;
  }

  start(): void {
    this.#send(tcpPacket(false, { seq: 0, flags: 'S', options: synOptions(CLIENT_MSS, 7, false) }));
    this.#rearm();
  }

  input(packet: Uint8Array): void {
    const view = readTcp(packet);
    const ack = (view.ack - STACK_ISN + STACK_ISN - PROGRAM_ISN) | 0;
    const seq = (view.seq - STACK_ISN) | 0;
    if ((view.flags & TCP_FLAG.rst) !== 0) {
      // Only the acknowledgement of our FIN was lost, until the other end had forgotten the flow.
      if (this.#expected === this.#down + 2 && this.#next > this.#finAt) this.#acked = this.#finAt + 1;
      return;
    }
    if ((view.flags & TCP_FLAG.syn) !== 0) {
      if (!this.#isOpen) {
        const options = new TcpOptions();
        decodeTcpOptions(packet, view, options);
        this.#peerShift = options.windowShift ?? 0;
        this.#peerWindow = view.window;
        this.#isOpen = true;
        this.#acked = 1;
        this.#next = 1;
      }
      this.#acknowledge();
      this.#push();
      return;
    }
    if (!this.#isOpen) return;
    this.#data(seq, packet.subarray(view.payload), (view.flags & TCP_FLAG.fin) !== 0);
    this.#ackInput(ack, view.window << this.#peerShift, view.payloadLength === 0);
  }

  #ackInput(ack: number, window: number, isBare: boolean): void {
    const isDuplicate = ack === this.#acked && isBare && window === this.#peerWindow && this.#next > this.#acked;
    this.#peerWindow = window;
    if (ack > this.#acked) {
      this.#acked = ack;
      this.#next = Math.max(this.#next, ack);
      this.#duplicates = 0;
      this.#rearm();
      if (ack < this.#recover) this.#segment(ack);
    } else if (isDuplicate && ++this.#duplicates === 3 && ack > this.#recover) {
      this.#recover = this.#next;
      this.#segment(ack);
    }
    this.#push();
  }

  #data(seq: number, bytes: Uint8Array, isFin: boolean): void {
    if (isFin) this.#peerFin = seq + bytes.length;
    if (bytes.length > 0) this.#early.set(seq, Uint8Array.from(bytes));
    const before = this.#expected;
    for (let progressed = true; progressed;) {
      progressed = false;
      for (const [start, piece] of this.#early) {
        if (start > this.#expected) continue;
        this.#early.delete(start);
        if (!isPattern(start - 1, piece)) this.#isIntact = false;
        this.#expected = Math.max(this.#expected, start + piece.length);
        progressed = true;
      }
    }
    if (this.#expected === this.#peerFin) this.#expected++;
    if (bytes.length > 0 || isFin || this.#expected !== before) this.#acknowledge();
  }

  #acknowledge(): void {
    this.#send(tcpPacket(false, { seq: this.#next, ack: this.#expected, window: CLIENT_WINDOW >> 7 }));
  }

  #push(): void {
    while (this.#next <= this.#finAt && this.#next - this.#acked + CLIENT_MSS <= this.#peerWindow)
      this.#next = this.#segment(this.#next);
  }

  /** Sends what begins at `seq`; returns where it ends. */
  #segment(seq: number): number {
    const length = Math.min(CLIENT_MSS, this.#finAt - seq);
    const isFin = seq + length === this.#finAt;
    this.#send(
      tcpPacket(false, {
        seq,
        ack: this.#expected,
        flags: isFin ? 'FP' : 'P',
        window: CLIENT_WINDOW >> 7,
        payload: PATTERN.subarray(seq - 1, seq - 1 + length),
      }),
    );
    return seq + length + (isFin ? 1 : 0);
  }

  #rearm(): void {
    const mine = ++this.#timer;
    this.#link.at(CLIENT_TIMEOUT, () => {
      if (mine !== this.#timer) return;
      if (!this.#isOpen) this.start();
      else if (this.#acked <= this.#finAt) {
        this.#recover = this.#next;
        if (this.#acked < this.#next) this.#segment(this.#acked);
        this.#rearm();
      }
    });
  }
}
