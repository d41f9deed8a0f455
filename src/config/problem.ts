import { MirrordError } from '../errors.ts';

/** Where a value was given. */
export type Origin =
  | { readonly kind: 'file'; readonly file: string; readonly line: number | null }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'command line' }
  | { readonly kind: 'default' };

/** One thing that is wrong with the configuration, or worth a warning. */
export interface Problem {
  /** Dotted key: `feature.network.outgoing.filter.local[2]`; empty for the file as a whole. */
  readonly key: string;
  /** The value as given; undefined where the key itself is the problem. */
  readonly value?: unknown;
  /** A clause without capital letter and full stop. */
  readonly reason: string;
  readonly origin: Origin;
}

export type Path = readonly (string | number)[];

/** Longer values are cut in messages. */
const MAX_SHOWN = 100;
/** A file that is wrong all over is not helped by more lines than this. */
const MAX_PROBLEMS = 50;

/** `key = value: reason (file:line)`. */
export function formatProblem({ key, value, reason, origin }: Problem): string {
  const subject = value === undefined ? key : `${key} = ${show(value)}`;
  const where = formatOrigin(origin);
  return `${subject === '' ? '' : `${subject}: `}${reason}${where === '' ? '' : ` (${where})`}`;
}

/** All problems as one error. */
export function configInvalid(problems: readonly Problem[]): MirrordError {
  const lines = problems.slice(0, MAX_PROBLEMS).map(formatProblem);
  if (problems.length > MAX_PROBLEMS) lines.push(`and ${problems.length - MAX_PROBLEMS} more`);
  const message =
    lines.length === 1
      ? `The configuration is wrong: ${lines[0]}.`
      : `The configuration is wrong in ${problems.length} places:\n${lines.join('\n')}`;
  return new MirrordError('usage', 'config-invalid', message, {
    help: 'Correct the file and check it with `mirrord verify-config FILE`; docs/configuration.md lists every key.',
  });
}

/** `feature.network.outgoing.filter.local[2]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    // Anything may be a key in a file; on a terminal it must not be more than text.
    const shown = /^[\p{L}\p{N}_$./<*-][\p{L}\p{N}_$./<* -]*$/u.test(part) ? part : JSON.stringify(part);
    return text === '' ? shown : `${text}.${shown}`;
  }, '');
}

function formatOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'file':
      return origin.line === null ? origin.file : `${origin.file}:${origin.line}`;
    case 'environment':
      return `environment variable ${origin.variable}`;
    case 'command line':
      return 'command line';
    case 'default':
      return '';
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}
