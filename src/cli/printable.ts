/**
 * What may be printed of a text that somebody else wrote: a cluster's name or event, a plugin's words, an agent's answer.
 *
 * On a terminal it must do no more than be read.
 */

/**
 * ECMA-48: control sequences (5.4), control strings (5.6) up to their end, and what else begins with ESC.
 *
 * Node's `stripVTControlCharacters` takes a minute for 200 kB of `ESC ]`; here no class holds what begins the next match,
 * so that the time grows with the text alone.
 */
// Control characters are what is looked for.
// oxlint-disable no-control-regex
const SEQUENCES =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])\P{Cc}*(?:\x07|\x9c|\x1b\\)|\x1b[ -/]*[0-Z\\^-~]|\r/gu;

/**
 * Other control characters, and what is invisible or turns the reading direction (bidi overrides, zero-width characters,
 * tags, the line separators U+2028 and U+2029, halves of surrogate pairs).
 */
export const UNSEEN = /[^\P{Cc}\n\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Without colours and other sequences; U+FFFD shows where something invisible was, so that names do not look alike. */
export function printable(text: string): string {
  return text.replace(SEQUENCES, '').replace(UNSEEN, '\uFFFD');
}

/** The same on one line: a field of a table or a status cannot pose as the next one. */
export function oneLine(text: string): string {
  return printable(text).replaceAll(/[\n\t]+/g, ' ');
}

/** Further lines of an entry stand deeper than anything that is an entry, or the advice below one. */
export function indented(text: string): string {
  return text.replaceAll('\n', '\n      ');
}

/** A copy of plain data in which every text is on one line. */
export function onOneLineEach<T>(data: T): T {
  return mapTexts(data) as T;
}

function mapTexts(data: unknown): unknown {
  if (typeof data === 'string') return oneLine(data);
  if (Array.isArray(data)) return data.map(mapTexts);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, mapTexts(value)]));
}

/** JSON with escapes where a terminal would not show what is there: what is read back is the same. */
export function printableJson(data: unknown): string {
  return JSON.stringify(data).replaceAll(/[\x7f-\x9f]|[\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => escape(character.charCodeAt(index))).join(''),
  );
}

const escape = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;
