/** A side that answers: one pipe, and what is owed on it. */
import { Line } from '../line.ts';
import type { BytePipe } from '../pipe.ts';
import { AnswerReader } from './answer-reader.ts';
import type { RequestHead } from './request-head.ts';
import type { Run } from './request-reader.ts';

/** What the connection does about a side's events; called at most once after the other for `hungUp` and `lost`. */
export interface SideEvents {
  data(bytes: Buffer): void;
  /** FIN. */
  hungUp(): void;
  lost(): void;
  /** It takes more. */
  drained(): void;
}

export class Side {
  readonly line: Line;
  readonly answers = new AnswerReader();
  /** FIN has come. */
  hasHungUp = false;

  constructor(pipe: BytePipe, events: SideEvents) {
    this.line = new Line(pipe);
    pipe.onData = (bytes) => events.data(bytes);
    pipe.onEnd = () => {
      this.hasHungUp = true;
      events.hungUp();
    };
    pipe.onReset = () => events.lost();
    pipe.onDrain = () => {
      this.line.isFull = false;
      events.drained();
    };
  }

  begin(head: RequestHead): void {
    this.answers.expect(head);
  }

  put({ bytes, from, to }: Run): void {
    this.line.put(bytes, from, to);
  }

  reset(): void {
    // Both directions may be over, with bytes on their way out.
    if (!this.hasHungUp || !this.line.hasEnded) this.line.pipe.reset();
  }
}
