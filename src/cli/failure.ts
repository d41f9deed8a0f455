/** Errors as people and programs read them, and the exit codes that go with them. */
import { EXIT, MirrordError, describeError } from '../errors.ts';
import type { ErrorDescription } from '../errors.ts';
import { asSentence } from '../sentence.ts';
import { indented } from './printable.ts';
import { type CommandTable, findCommand, unexpectedArguments, unknownFlags } from './words.ts';

/** oclif's own errors: a flag or an argument that does not exist, a value that is none. */
interface UsageError extends Error {
  readonly oclif?: { readonly exit?: number | false };
  readonly flags?: unknown;
  readonly args?: unknown;
}

/** `args`: the command line that failed. */
export function toDescription(error: unknown, args: readonly string[], table: CommandTable): ErrorDescription {
  if (!(error instanceof Error)) return describeError(error);
  const message = withoutWrapping(error.message);
  if (error instanceof MirrordError) return { ...error.describe(), message: asSentence(message) };
  const { oclif, flags, args: unexpected } = error as UsageError;
  if (oclif === undefined) return describeError(error);
  const command = findCommand(args, table);
  if (command !== undefined && areWords(flags)) return unknownFlags(command, flags, table).describe();
  if (command !== undefined && areWords(unexpected)) return unexpectedArguments(command, unexpected).describe();
  const help = `See: mirrord ${command === undefined ? '' : `${command.replaceAll(':', ' ')} `}--help`;
  return new MirrordError('usage', 'usage', message, { help }).describe();
}

/** Arguments that are missing come as objects, those that are too many as the words themselves. */
const areWords = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');

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
