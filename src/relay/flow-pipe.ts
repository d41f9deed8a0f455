/** A stream of the tunnel as the splitter wants its pipes. */
import type { FlowBytes } from '../mux/flow.ts';
import type { BytePipe } from '../splitter/index.ts';

/** Bytes that wait for the tunnel before the writer is asked to stop: a window's worth. */
const WAITING_LIMIT = 256 * 1024;

const nothing = (): void => {};

export class FlowPipe implements BytePipe {
  onData: (bytes: Buffer) => void = nothing;
  onDrain: () => void = nothing;
  onEnd: () => void = nothing;
  onReset: () => void = nothing;
  readonly #flow: FlowBytes;
  #waiting = 0;
  #isFull = false;
  #isPaused = true;
  #isStarted = false;
  #isLost = false;

  /** In the turn in which the flow was handed out. */
  constructor(flow: FlowBytes) {
    this.#flow = flow;
    flow.pause();
    flow.onData = (chunk) => this.onData(Buffer.from(chunk));
    flow.onEnd = () => this.onEnd();
    flow.onReset = () => this.#lost();
  }

  write(bytes: Uint8Array): boolean {
    this.#waiting += bytes.length;
    this.#flow.write(bytes, () => this.#sent(bytes.length));
    this.#isFull = this.#waiting > WAITING_LIMIT;
    return !this.#isFull;
  }

  end(): void {
    this.#flow.end();
  }

  reset(): void {
    this.onData = this.onDrain = this.onEnd = this.onReset = nothing;
    this.#flow.reset();
  }

  pause(): void {
    this.#isPaused = true;
    this.#flow.pause();
  }

  resume(): void {
    const isFirst = !this.#isStarted;
    this.#isStarted = true;
    this.#isPaused = false;
    queueMicrotask(() => {
      if (isFirst && this.#isLost) this.onReset();
      // A flow hands over what it held at once.
      else if (!this.#isPaused) this.#flow.resume();
    });
  }

  #lost(): void {
    this.#isLost = true;
    if (this.#isStarted) this.onReset();
  }

  #sent(length: number): void {
    this.#waiting -= length;
    if (!this.#isFull || this.#waiting > WAITING_LIMIT / 2) return;
    this.#isFull = false;
    this.onDrain();
  }
}
