/** Messages as sentences, and as parts of others: they are composed of what servers, kernels and files say. */

/** A plain first word; not a key, a path, a name with digits, or what a colon follows. */
const FIRST_WORD = /^(?!mirrord\b)[a-z][a-z-]*(?=[ '])/;

/** Begins with a capital and ends with a full stop.  What has several lines ends with a list or a quotation. */
export function asSentence(text: string): string {
  const begun = text.replace(FIRST_WORD, (word) => word.charAt(0).toUpperCase() + word.slice(1));
  return text.includes('\n') || /[.?!]["')]?$/.test(text) || text === '' ? begun : `${begun}.`;
}

/** The sentence as it stands behind a colon, or before a semicolon. */
export const asClause = (sentence: string): string =>
  sentence.replace(/\.$/, '').replace(/^(?:The|There|It|No|An?)\b/, (word) => word.toLowerCase());
