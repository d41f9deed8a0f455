/** A screen that keeps what is written to it. */
import type { Screen } from '../../../src/cli/screen.ts';

export class FakeScreen implements Screen {
  readonly isTTY: boolean;
  readonly columns: number;
  text = '';

  /** `columns` null: a pipe. */
  constructor(columns: number | null) {
    this.isTTY = columns !== null;
    this.columns = columns ?? 0;
  }

  write(text: string | Buffer): void {
    this.text += String(text);
  }
}

export const UTF8 = { LANG: 'C.UTF-8', TERM: 'xterm' };
