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

  constructor(flow: FlowBytes) {
    this.#flow = flow;
    flow.onData = (chunk) => this.onData(Buffer.from(chunk));
    flow.onEnd = () => this.onEnd();
    flow.onReset = () => this.onReset();
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
    this.#flow.pause();
  }

  resume(): void {
    this.#flow.resume();
  }

  #sent(length: number): void {
    this.#waiting -= length;
    if (!this.#isFull || this.#waiting > WAITING_LIMIT / 2) return;
    this.#isFull = false;
    this.onDrain();
  }
}
