/** What only root may do: said with the command that does it, and on a terminal done after a question. */
import { createInterface } from 'node:readline';
import { asCalled } from '../node-environment.ts';
import { MirrordError } from '../errors.ts';
import { become } from './become.ts';
import { findProgram, pasteable, quoted } from './invocation.ts';
import { err } from './output.ts';
import { COMMAND } from './programs.ts';

export const needsRoot = (error: unknown): error is MirrordError =>
  error instanceof MirrordError && error.code === 'not-root';

/** The same command line, for sudo. */
export const withSudo = (args: readonly string[]): string =>
  pasteable(`sudo mirrord ${args.map(quoted).join(' ')}`.trimEnd());

/** Asks whether sudo shall do it, and becomes sudo; returns when it shall not, and where it cannot be asked. */
export async function offerSudo(error: MirrordError, args: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY || !err.isTerminal || process.geteuid?.() === 0 || findProgram('sudo') === undefined) return;
  err.line(error.message);
  err.prompt(`Run it now? ${withSudo(args)} [Y/n] `);
  if (!/^(y|yes|)$/i.test((await answer())?.trim() ?? 'no')) return;
  const environment = Object.entries(asCalled(process.env)).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  become(['sudo', COMMAND, ...args], new Map(environment));
}

/** One line of the terminal; undefined when it was closed instead. */
async function answer(): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
    return undefined;
  } finally {
    lines.close();
  }
}
