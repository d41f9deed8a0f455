/**
 * This process becomes another program.
 *
 * Becomes, and does not start: process id, terminal, signals and exit code are then the program's own, with no process in
 * between to forward them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MirrordError } from '../errors.ts';
import { runCommand } from '../machine/linux/system/commands.ts';

/**
 * In between for what follows a failed execve(2): it searches PATH, says what is wrong, and exits with 127 or 126 as
 * shells do.  Node would abort with a native stack trace.
 */
const ENV_FILE = '/usr/bin/env';
const ENV_PROGRAM = [ENV_FILE, '--'];
/** `env` takes a word with = for a variable.  This one, told to be no nicer than it is, does nothing else to a program. */
const NICE_PROGRAM = ['/usr/bin/nice', '-n', '0', '--'];

/** The real-time ones behind it (signal(7)) must not be ignored. */
const LAST_SIGNAL = 31;

/** A PATH in which nothing is. */
const NOWHERE = '/nonexistent';

/** MAX_ARG_STRLEN of linux/binfmts.h: no single string may be longer, its end included. */
const STRING_BYTES = 131_072;
/** A quarter of the stack's limit is what arguments and environment may take together, within bounds (execve(2)). */
const TOTAL_LEAST_BYTES = 131_072;
const TOTAL_MOST_BYTES = 6_291_456;
const POINTER_BYTES = 8;

/** Node ignores these, and what is ignored stays so in the program: `mirrord exec yes | head` would complain. */
const IGNORED_BY_NODE = ['SIGPIPE', 'SIGXFSZ'] as const;

/**
 * `ignored`: numbers of the signals that the program shall ignore.
 *
 * Returns only by throwing `exec-environment-too-long`.
 */
export function become(
  command: readonly string[],
  variables: ReadonlyMap<string, string>,
  ignored: readonly number[] = [],
): void {
  const [program = ''] = command;
  const words = [...ignoring(ignored), ...(program.includes('=') ? NICE_PROGRAM : ENV_PROGRAM), ...command];
  requireRoom(words, variables);
  for (const stream of [process.stdin, process.stdout, process.stderr]) makeBlocking(stream);
  // A caught signal goes back to its default in the program, an ignored one does not (execve(2)).
  for (const signal of IGNORED_BY_NODE) process.on(signal, () => undefined);
  if (process.execve === undefined) throw new Error('this version of Node cannot replace its own process');
  const given = isNowhere(program, variables.get('PATH')) ? { PATH: NOWHERE } : Object.fromEntries(variables);
  process.execve(words[0] ?? '', words, given);
}

/**
 * Those in a mask of /proc/PID/status (`0000000000000003` is HUP and INT) that `become` can have ignored: none where `env`
 * is too old for it (before coreutils 8.31).
 */
export async function ignorable(mask: string | undefined): Promise<readonly number[]> {
  const bits = /^[0-9a-f]{1,16}$/.test(mask ?? '') ? BigInt(`0x${mask}`) : 0n;
  const all = Array.from({ length: LAST_SIGNAL }, (_, index) => index + 1);
  const signals = all.filter((signal) => (bits >> BigInt(signal - 1)) & 1n);
  const [file = ENV_FILE, ...args] = ignoring(signals);
  if (signals.length === 0) return [];
  return (await runCommand(file, [...args, 'true'])).code === 0 ? signals : [];
}

const ignoring = (signals: readonly number[]): readonly string[] =>
  signals.length === 0 ? [] : [ENV_FILE, `--ignore-signal=${signals.join()}`, '--'];

/** execvp(3), with which both look, takes a folder that may not be entered for a program that may not be run. */
function isNowhere(program: string, path: string | undefined): boolean {
  if (program.includes('/') || path === undefined) return false;
  return path.split(':').every((folder) => !existsSync(join(folder || '.', program)));
}

/**
 * Node makes pipes non-blocking, which belongs to the pipe and not to the process: a program that does not expect it
 * would fail to read what is not there yet, or lose what it writes while the reader is slow.
 */
function makeBlocking(stream: NodeJS.ReadStream | NodeJS.WriteStream): void {
  // Of a file there is nothing to set; a terminal has been opened again by Node.
  const { _handle: handle } = stream as { _handle?: { setBlocking?(on: boolean): unknown } };
  handle?.setBlocking?.(true);
}

/** The kernel's own refusal names nothing. */
function requireRoom(words: readonly string[], variables: ReadonlyMap<string, string>): void {
  let total = 0;
  for (const word of words) total += Buffer.byteLength(word) + 1 + POINTER_BYTES;
  for (const [name, value] of variables) {
    const size = Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
    if (size > STRING_BYTES) throw tooLong(`${name} alone has ${size} bytes`);
    total += size + POINTER_BYTES;
  }
  const room = totalRoom(readFileSync('/proc/self/limits', 'utf8'));
  if (total > room) throw tooLong(`${total} bytes in all, and the limit is ${room}`);
}

/** `limits` is /proc/PID/limits; the soft one counts, and may be `unlimited`. */
function totalRoom(limits: string): number {
  const stack = Number(/^Max stack size +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  return Math.max(TOTAL_LEAST_BYTES, Math.min(TOTAL_MOST_BYTES, Math.floor(stack / 4)));
}

function tooLong(what: string): MirrordError {
  return new MirrordError(
    'usage',
    'exec-environment-too-long',
    `The environment is too large for a program: ${what}.`,
    {
      help: 'Leave variables out with feature.env.exclude, or select the ones you need with feature.env.include.',
    },
  );
}
