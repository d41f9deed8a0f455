/**
 * One TCP flow between the stack and the tunnel: bytes, half-closes, resets and backpressure, both ways.
 *
 * Towards the cluster the stack's window is the bound: bytes count as consumed when the tunnel has sent them.  Towards
 * the program the stack's queue is the bound: over its mark the tunnel's stream is paused.
 */
import { SMALL_BYTES, blocks } from '../block-pool.ts';
import type { TcpFlow, TcpFlowEvents } from '../stack/index.ts';
import type { TunnelStream } from '../peer/tcp.ts';
import { refusalOf } from './refusal.ts';

/**
 * Bytes of one program that may wait for the tunnel: enough to keep it busy from one wake-up to the next.  What is on its
 * way beyond that is the tunnel's to bound.
 */
export const FLOW_WINDOW_BYTES = 524_288;
/** The same at the least: a super-segment. */
const FLOW_WINDOW_LEAST_BYTES = 65_536;
/** What may wait for the tunnel in all flows together, and the part of what is left of it that one flow may have. */
const WAITING_BYTES = 16 << 20;
const WAITING_SHARE = 1 / 16;

/**
 * While so many bytes of a flow wait, small segments are put together in blocks: each chunk costs some 200 bytes beside
 * its own, and a program that writes byte by byte fills its whole window while the tunnel is away.
 */
const GATHER_FROM_BYTES = 4096;
const GATHERED_BYTES = 16_384;

/** Who wants to know which destinations are in use: an address that a name led to stays routed meanwhile. */
export interface FlowWatch {
  flowOpened(address: string): void;
  flowClosed(address: string): void;
}

/**
 * Called when the stream ended before the destination had answered.  True: that was the tunnel's end and not the
 * destination's, and the flow is taken over to be dialled again.
 */
export type RetryDial = (flow: TcpFlow) => boolean;

/** Bytes that wait for the tunnel in all flows. */
let waiting = 0;

/** One or few flows have their full window, many share. */
function windowNow(): number {
  return Math.max(FLOW_WINDOW_LEAST_BYTES, Math.min((WAITING_BYTES - waiting) * WAITING_SHARE, FLOW_WINDOW_BYTES));
}

/** The relay lives as long as the flow does: both hold it by its handlers. */
export function relayTcp(flow: TcpFlow, stream: TunnelStream, watch: FlowWatch, retryDial: RetryDial): TcpFlowEvents {
  return new TcpRelay(flow, stream, watch, retryDial);
}

class TcpRelay implements TcpFlowEvents {
  readonly #flow: TcpFlow;
  readonly #stream: TunnelStream;
  readonly #watch: FlowWatch;
  /** The program has its SYN-ACK; before that, bytes of a server that speaks first wait in `#early`. */
  #accepted = false;
  #early: Uint8Array[] = [];
  #farEnded = false;
  /** The stream is gone before the outcome of the dial was told. */
  #farIsGone = false;
  #over = false;
  /** Bytes that the stream has not sent yet. */
  #queued = 0;
  #gathered: Buffer | null = null;
  #gatheredBytes = 0;

  constructor(flow: TcpFlow, stream: TunnelStream, watch: FlowWatch, retryDial: RetryDial) {
    this.#flow = flow;
    this.#stream = stream;
    this.#watch = watch;
    stream.onData = (chunk) => this.#fromFar(chunk);
    stream.onEnd = () => this.#farEnd();
    stream.onReset = () => this.#farReset();
    flow.onAbandoned = () => this.#abandon();
    watch.flowOpened(flow.destination.host);
    void stream.opened.then((outcome) => {
      if (this.#over) return;
      if (outcome.ok) {
        this.#accept();
        return;
      }
      this.#finish();
      // A stream that was lost tells nothing of the destination.
      if (!retryDial(flow)) flow.refuse(this.#farIsGone ? 'timeout' : refusalOf(outcome.errno));
    });
  }

  data(chunk: Uint8Array): void {
    waiting += chunk.length;
    if (this.#queued >= GATHER_FROM_BYTES && chunk.length <= SMALL_BYTES) {
      this.#gather(chunk);
      return;
    }
    this.#writeGathered();
    const copied = blocks.copy(chunk);
    this.#write(copied, copied);
  }

  end(): void {
    this.#writeGathered();
    this.#stream.end();
  }

  reset(): void {
    this.#abandon();
  }

  drain(): void {
    this.#stream.resume();
  }

  closed(): void {
    this.#finish();
  }

  #accept(): void {
    this.#accepted = true;
    this.#flow.accept(this, windowNow());
    let room = true;
    for (const chunk of this.#early) room = this.#flow.send(chunk);
    this.#early = [];
    if (this.#farIsGone) this.#farReset();
    else if (this.#farEnded) this.#flow.end();
    else if (room) this.#stream.resume();
  }

  #fromFar(chunk: Uint8Array): void {
    if (this.#over) return;
    if (this.#accepted) {
      if (!this.#flow.send(chunk)) this.#stream.pause();
      return;
    }
    // Not `slice`, which is a view where the chunk is a Buffer, and its memory is used again after the call.
    this.#early.push(Buffer.from(chunk));
    this.#stream.pause();
  }

  #farEnd(): void {
    this.#farEnded = true;
    if (!this.#over && this.#accepted) this.#flow.end();
  }

  #farReset(): void {
    if (this.#over) return;
    if (!this.#accepted) {
      // The outcome follows: of a server that took the connection and reset it at once, the program sees both.
      this.#farIsGone = true;
      return;
    }
    this.#finish();
    this.#flow.reset();
  }

  #gather(chunk: Uint8Array): void {
    if (this.#gatheredBytes + chunk.length > GATHERED_BYTES) this.#writeGathered();
    this.#gathered ??= blocks.take(GATHERED_BYTES);
    this.#gathered.set(chunk, this.#gatheredBytes);
    this.#gatheredBytes += chunk.length;
  }

  #writeGathered(): void {
    const block = this.#gathered;
    if (block === null) return;
    const bytes = block.subarray(0, this.#gatheredBytes);
    this.#gathered = null;
    this.#gatheredBytes = 0;
    this.#write(bytes, block);
  }

  /** `block`: the memory that `bytes` are in. */
  #write(bytes: Buffer, block: Buffer): void {
    const { length } = bytes;
    this.#queued += length;
    this.#stream.write(
      bytes,
      () => {
        waiting -= length;
        this.#queued -= length;
        if (this.#over) return;
        if (this.#queued < GATHER_FROM_BYTES) this.#writeGathered();
        this.#flow.resize(windowNow());
        this.#flow.consumed(length);
      },
      () => blocks.release(block),
    );
  }

  #abandon(): void {
    this.#finish();
    this.#stream.reset();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    waiting -= this.#gatheredBytes;
    this.#gatheredBytes = 0;
    if (this.#gathered !== null) blocks.release(this.#gathered);
    this.#gathered = null;
    this.#watch.flowClosed(this.#flow.destination.host);
  }
}
