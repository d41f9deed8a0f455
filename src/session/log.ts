/**
 * The session's log: JSON lines, which `mirrord logs` prints for people.  Never per packet, never secrets.
 */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, destination, pino } from 'pino';
import { logPath } from './log-path.ts';

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

/** `failed` is told whenever the log cannot be written later, with the same words for the same reason. */
export function openLog(name: string, verbose: boolean, failed: (warning: string) => void): SessionLog {
  const path = logPath(name);
  const level = verbose ? 'debug' : 'info';
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    rotate(path);
    const stream = destination({ dest: path, sync: false, mode: 0o600, maxLength: WAITING_BYTES });
    // A disk that fills up later must not end the session: pino would throw from its write otherwise.
    stream.on('error', (error: Error) => failed(notWritten(error)));
    return {
      logger: pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream),
      path,
      warning: null,
    };
  } catch (error) {
    return { logger: pino({ enabled: false }), path, warning: notWritten(error) };
  }
}

function notWritten(error: unknown): string {
  return `The log cannot be written: ${error instanceof Error ? error.message : String(error)}.`;
}

function rotate(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > ROTATE_BYTES) renameSync(path, `${path}.1`);
}
