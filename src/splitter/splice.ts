/** Two pipes whose bytes are only carried from now on, with half-close, reset and backpressure both ways. */
import type { Line } from './line.ts';
import type { Split } from './options.ts';

export interface SpliceEnd {
  readonly line: Line;
  /** Its FIN has come already. */
  readonly hasHungUp: boolean;
}

export class Splice implements Split {
  readonly #lines: readonly [Line, Line];
  readonly #over: () => void;
  #open: number;

  /** Takes over the handlers of both.  `over`: both directions have ended, or a reset has ended them. */
  constructor(one: SpliceEnd, other: SpliceEnd, over: () => void) {
    this.#lines = [one.line, other.line];
    this.#over = over;
    this.#open = 2;
    for (const line of this.#lines) line.flush();
    this.#carry(one.line, other.line);
    this.#carry(other.line, one.line);
    if (one.hasHungUp) this.#end(other.line);
    if (other.hasHungUp) this.#end(one.line);
  }

  reset(): void {
    if (this.#open === 0) return;
    this.#open = 0;
    for (const { pipe } of this.#lines) pipe.reset();
    this.#over();
  }

  #carry(from: Line, to: Line): void {
    const { pipe } = from;
    pipe.onData = (bytes) => {
      to.put(bytes);
      to.flush();
      from.flow(!to.isFull);
    };
    pipe.onEnd = () => this.#end(to);
    pipe.onReset = () => this.reset();
    pipe.onDrain = () => {
      from.isFull = false;
      to.flow(true);
    };
    from.flow(!to.isFull);
  }

  /** The other one has said all that it has to say. */
  #end(line: Line): void {
    line.end();
    this.#open--;
    if (this.#open === 0) this.#over();
  }
}
