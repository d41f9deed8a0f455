/** The program at the far end of a pipe in memory. */
import type { BytePipe } from '../../../../src/splitter/index.ts';

const nothing = (): void => {};

export class Peer {
  /** What the splitter has sent here. */
  received = '';
  hasEnded = false;
  wasReset = false;
  /** It has reset the pipe itself. */
  hasReset = false;
  /** As it is handed out. */
  isPaused = true;
  #isStarted = false;
  /** Called whenever more has been received. */
  onReceived: (peer: Peer) => void = nothing;
  /** The pipe says that it is full; `drain` ends it. */
  isFull = false;
  readonly pipe: BytePipe;
  readonly #events: (() => void)[] = [];

  constructor(onReceived: (peer: Peer) => void = nothing) {
    this.onReceived = onReceived;
    this.pipe = {
      onData: nothing,
      onDrain: nothing,
      onEnd: nothing,
      onReset: nothing,
      write: (bytes) => {
        if (this.hasEnded || this.wasReset) return true;
        this.received += Buffer.from(bytes).toString('latin1');
        queueMicrotask(() => this.onReceived(this));
        return !this.isFull;
      },
      end: () => {
        this.hasEnded = true;
        queueMicrotask(() => this.onReceived(this));
      },
      reset: () => {
        this.wasReset = true;
        this.#events.length = 0;
      },
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
        const isFirst = !this.#isStarted;
        this.#isStarted = true;
        if (isFirst && this.hasReset) queueMicrotask(() => this.pipe.onReset());
        else queueMicrotask(() => this.#deliver());
      },
    };
  }

  send(text: string): void {
    this.#later(() => this.pipe.onData(Buffer.from(text, 'latin1')));
  }

  end(): void {
    this.#later(() => this.pipe.onEnd());
  }

  /** RST, which overtakes. */
  reset(): void {
    this.#events.length = 0;
    this.hasReset = true;
    queueMicrotask(() => this.wasReset || !this.#isStarted || this.pipe.onReset());
  }

  /** Nothing is left of the pipe that the splitter would have to close. */
  get isClosed(): boolean {
    return this.hasEnded || this.wasReset || this.hasReset;
  }

  drain(): void {
    this.isFull = false;
    this.pipe.onDrain();
  }

  #later(event: () => void): void {
    this.#events.push(event);
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    while (!this.isPaused && !this.wasReset) {
      const event = this.#events.shift();
      if (event === undefined) return;
      event();
    }
  }
}

/** Until everything that follows from what was sent has happened. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
