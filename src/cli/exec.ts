/**
 * `mirrord exec`: this process becomes the command, with the target's environment.
 *
 * Becomes, and does not start: process id, terminal, signals and exit code are then the command's own, with nobody in
 * between to forward them.
 */
import { MirrordError } from '../errors.ts';
import { overLocal } from '../environment/index.ts';
import { sessionEnvironment } from './env.ts';
import { becomeInvokingUser } from './invoking-user.ts';

/**
 * In between for what follows a failed execve(2): it searches PATH, says what is wrong, and exits with 127 or 126 as
 * shells do.  Node would abort with a native stack trace.
 */
const ENV_PROGRAM = '/usr/bin/env';

/** MAX_ARG_STRLEN of linux/binfmts.h: no single string may be longer, its end included. */
const STRING_BYTES = 131_072;
/** A quarter of the usual stack limit (8 MB) is what arguments and environment may take together (execve(2)). */
const TOTAL_BYTES = 2_097_152;

/** Node ignores these, and what is ignored stays so in the program: `mirrord exec yes | head` would never end silently. */
const IGNORED_BY_NODE = ['SIGPIPE', 'SIGXFSZ'] as const;

export async function runExec(name: string, command: readonly string[]): Promise<void> {
  const [program] = command;
  if (program === undefined) {
    throw new MirrordError('usage', 'exec-command-missing', 'There is no command to run.', {
      help: 'Name one: mirrord exec -- npm start',
    });
  }
  const { environment, unset = [], warnings = [] } = await sessionEnvironment(name);
  const local = await becomeInvokingUser();
  const own = Object.entries(local).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const variables = overLocal(new Map(own), new Map(Object.entries(environment)), unset);
  // `env` takes a word with = for a variable; a path with one needs no search.
  const words = program.includes('=') ? command : [ENV_PROGRAM, '--', ...command];
  requireRoom(words, variables);
  for (const warning of warnings) process.stderr.write(`! ${warning}\n`);
  // A caught signal goes back to its default in the program, an ignored one does not (execve(2)).
  for (const signal of IGNORED_BY_NODE) process.on(signal, () => undefined);
  process.execve?.(words[0] ?? ENV_PROGRAM, [...words], Object.fromEntries(variables));
}

/** The kernel's own refusal names nothing. */
function requireRoom(words: readonly string[], variables: ReadonlyMap<string, string>): void {
  const sizes = [...variables].map(([name, value]): [string, number] => [
    name,
    Buffer.byteLength(`${name}=${value}`) + 1,
  ]);
  const longest = sizes.find(([, size]) => size > STRING_BYTES);
  const pointer = 8;
  const total = [...sizes.map(([, size]) => size), ...words.map((word) => Buffer.byteLength(word) + 1)].reduce(
    (sum, size) => sum + size + pointer,
    0,
  );
  if (longest === undefined && total <= TOTAL_BYTES) return;
  const what = longest === undefined ? `${total} bytes in all` : `${longest[0]} alone has ${longest[1]} bytes`;
  throw new MirrordError('usage', 'exec-environment-too-long', `The environment is too long for a program: ${what}.`, {
    help: 'Leave variables out with feature.env.exclude, or take only some with feature.env.include.',
  });
}
