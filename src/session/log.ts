/**
 * The session's log: JSON lines for `mirrord up -v` and for whoever reads them later.  Never per packet, never secrets.
 */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Logger, destination, pino } from 'pino';

/** At the start of a session a log larger than this becomes `.1`, replacing the one before. */
const ROTATE_BYTES = 5 * 1024 * 1024;
/** Lines that wait for a slow or full disk, bytes; what comes on top is dropped. */
const WAITING_BYTES = 1024 * 1024;

export interface SessionLog {
  readonly logger: Logger;
  readonly path: string;
  /** Plain words when the log cannot be written; the session lives on without. */
  readonly warning: string | null;
}

/**
 * `$XDG_STATE_HOME/mirrord/NAME.log`, as the XDG base directory specification has it.  `failed` is told whenever the log
 * cannot be written later, with the same words for the same reason.
 */
export function openLog(name: string, verbose: boolean, failed: (warning: string) => void): SessionLog {
  const folder = join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'mirrord');
  const path = join(folder, `${name}.log`);
  const level = verbose ? 'debug' : 'info';
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    rotate(path);
    const stream = destination({ dest: path, sync: false, mode: 0o600, maxLength: WAITING_BYTES });
    // A disk that fills up later must not end the session: pino would throw from its write otherwise.
    stream.on('error', (error: Error) => failed(notWritten(error)));
    return { logger: pino({ level, base: null }, stream), path, warning: null };
  } catch (error) {
    return { logger: pino({ enabled: false }), path, warning: notWritten(error) };
  }
}

function notWritten(error: unknown): string {
  return `The log is not written: ${error instanceof Error ? error.message : String(error)}.`;
}

function rotate(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > ROTATE_BYTES) renameSync(path, `${path}.1`);
}
