/**
 * What /etc/resolv.conf was before, told by the file that replaced it.
 *
 * The journal is in memory and goes with a power failure, the file on the disk stays: without this it could not be put
 * back after that.
 */
import type { ResolvConfEntry } from '../journal/entries.ts';

type Before = ResolvConfEntry['before'];

const MARK = '# Before: ';
const WRITTEN_BY = /^# Written by mirrord \(session ([a-z0-9-]+)\)/;

/** The last line of a file that a session writes; resolvers pass comments by, however long. */
export const formerContent = (before: Before): string => `${MARK}${JSON.stringify(before ?? null)}\n`;

/** The session that wrote `text`, and what was there before; undefined for anybody else's file, or half of ours. */
export function readFormerContent(text: string): { readonly session: string; readonly before: Before } | undefined {
  const session = WRITTEN_BY.exec(text)?.[1];
  const line = text.split('\n').findLast((each) => each.startsWith(MARK));
  if (session === undefined || line === undefined || !text.endsWith(`${line}\n`)) return undefined;
  try {
    return { session, before: (JSON.parse(line.slice(MARK.length)) as Before | null) ?? undefined };
  } catch {
    // Somebody has edited it: theirs now.
    return undefined;
  }
}
