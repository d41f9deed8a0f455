/** Errors as people and programs read them, and the exit codes that go with them. */
import { EXIT, MirrordError, describeError } from '../errors.ts';
import type { ErrorDescription } from '../errors.ts';
import { indented } from './printable.ts';

/** oclif's own errors: a flag or a command that does not exist, a value that is none. */
interface UsageError extends Error {
  readonly oclif?: { readonly exit?: number | false };
}

export function toDescription(error: unknown, command: string | undefined): ErrorDescription {
  if (!(error instanceof Error)) return describeError(error);
  const message = withoutWrapping(error.message);
  if (error instanceof MirrordError) return { ...error.describe(), message };
  if ((error as UsageError).oclif === undefined) return describeError(error);
  const help = `See: mirrord ${command === undefined ? '' : `${command} `}--help`;
  return new MirrordError('usage', 'usage', message, { help }).describe();
}

/** oclif rewrites the message of an error that a flag's parser throws, and adds an advice that ours has already. */
function withoutWrapping(message: string): string {
  return message.replace(/^Parsing (--\S+) \n\t/, '$1: ').replace(/\nSee more help with --help$/, '');
}

export const exitCodeOf = (description: ErrorDescription): number => EXIT[description.failure];

/** What happened and why, then what to do. */
export function formatForPeople(description: ErrorDescription): string {
  const help = (description.help ?? '').split('\n').filter((line) => line !== '');
  return [`Error: ${indented(description.message)}`, ...help.map((line) => `  → ${line}`), ''].join('\n');
}

export function forPrograms({ code, message, help }: ErrorDescription): object {
  return { error: { code, message, help: help ?? '' } };
}
