/** Errors as people and programs read them, and the exit codes that go with them. */
import { EXIT, MirrordError, describeError } from '../errors.ts';
import type { ErrorDescription } from '../errors.ts';

/** oclif's own errors: a flag or a command that does not exist, a value that is none. */
interface UsageError extends Error {
  readonly oclif?: { readonly exit?: number | false };
  readonly parse?: unknown;
}

export function toDescription(error: unknown, command: string | undefined): ErrorDescription {
  if (error instanceof MirrordError || !(error instanceof Error)) return describeError(error);
  if ((error as UsageError).oclif === undefined) return describeError(error);
  const help = `See: mirrord ${command === undefined ? '' : `${command} `}--help`;
  // Some of oclif's messages end with the same advice in its own words.
  const message = error.message.replace(/\nSee more help with --help$/, '');
  return new MirrordError('usage', 'usage', message, { help }).describe();
}

export const exitCodeOf = (description: ErrorDescription): number => EXIT[description.failure];

/** What happened and why, then what to do. */
export function formatForPeople(description: ErrorDescription): string {
  const help = (description.help ?? '').split('\n').filter((line) => line !== '');
  return [`Error: ${description.message}`, ...help.map((line) => `  → ${line}`), ''].join('\n');
}

export function formatForPrograms({ code, message, help }: ErrorDescription): string {
  return `${JSON.stringify({ error: { code, message, help: help ?? '' } })}\n`;
}
