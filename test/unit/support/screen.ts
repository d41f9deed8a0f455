/** A screen that keeps what is written to it. */
import { showFinding } from '../../../src/cli/doctor.ts';
import { Output } from '../../../src/cli/output.ts';
import type { Finding } from '../../../src/doctor/index.ts';
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

/** As doctor shows it to a pipe. */
export function shownFinding(finding: Finding): string {
  const screen = new FakeScreen(null);
  showFinding(new Output(screen, UTF8), finding);
  return screen.text;
}
