/** Reads values that came from the session and may be anything; what does not have the expected form throws. */
import { MirrordError } from '../errors.ts';

export function refuse(what: string): never {
  throw new MirrordError(
    'unexpected',
    'request-refused',
    `The root process refused a request of the session: ${what}.`,
    {
      help: 'This is a bug in mirrord. Please report it.',
    },
  );
}

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown, what: string): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : refuse(what);
}

export function list<T>(
  value: unknown,
  max: number,
  what: string,
  check: (entry: unknown, what: string) => T,
): readonly T[] {
  if (!Array.isArray(value) || value.length > max) return refuse(what);
  return value.map((entry) => check(entry, what));
}

export function whole(value: unknown, min: number, max: number, what: string): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : refuse(what);
}

export function matching(value: unknown, pattern: RegExp, what: string): string {
  return typeof value === 'string' && pattern.test(value) ? value : refuse(what);
}

export const flag = (value: unknown, what: string): boolean => (typeof value === 'boolean' ? value : refuse(what));
