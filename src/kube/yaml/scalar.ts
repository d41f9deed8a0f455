/** What an unquoted word of YAML is, by go-yaml v2's table (`resolve.go`): YAML 1.1 without its numbers to base 60. */

export type Scalar = null | boolean | number | string;

const WORDS: ReadonlyMap<string, Scalar> = new Map([
  ...words(true, 'y Y yes Yes YES true True TRUE on On ON'),
  ...words(false, 'n N no No NO false False FALSE off Off OFF'),
  ...words(null, '~ null Null NULL'),
  ...words(NaN, '.nan .NaN .NAN'),
  ...words(Infinity, '.inf .Inf .INF +.inf +.Inf +.INF'),
  ...words(-Infinity, '-.inf -.Inf -.INF'),
  ['', null],
]);
/** Go's strconv.ParseInt with base 0; a zero in front makes it octal. */
const INTEGER = /^([-+]?)(0[xX][\da-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9]\d*)$/;
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
/** Tags that do not decide by themselves: what the word is must be what the tag says. */
const KINDS: ReadonlyMap<string, (value: Scalar) => boolean> = new Map([
  ['bool', (value) => typeof value === 'boolean'],
  ['int', (value) => Number.isInteger(value)],
  ['float', (value) => typeof value === 'number'],
  ['null', (value) => value === null],
]);
const STANDARD = 'tag:yaml.org,2002:';
export const MERGE_TAG = `${STANDARD}merge`;

/** An unquoted word without a tag. */
export function resolvePlain(word: string): Scalar {
  const known = WORDS.get(word);
  if (known !== undefined) return known;
  if (!/^[-+.\d]/.test(word)) return word;
  const digits = word.startsWith('.') ? word : word.replaceAll('_', '');
  const integer = INTEGER.exec(digits);
  if (integer !== null) return (integer[1] === '-' ? -1 : 1) * Number(integer[2].replace(/^0(?=\d)/, '0o'));
  const number = FLOAT.test(digits) ? Number(digits) : NaN;
  return Number.isFinite(number) ? number : word;
}

/** A word or text with an explicit tag, `!!int` or one of somebody's own.  Undefined when the two contradict. */
export function resolveTagged(tag: string, text: string): Scalar | undefined {
  const name = tag.startsWith(STANDARD) ? tag.slice(STANDARD.length) : '';
  if (name === 'binary') return isBase64(text) ? Buffer.from(text, 'base64').toString() : undefined;
  const isOfKind = KINDS.get(name);
  if (isOfKind === undefined) return text;
  const value = resolvePlain(text);
  return isOfKind(value) ? value : undefined;
}

/** Go's base64.StdEncoding: whole groups, line breaks anywhere. */
export function isBase64(text: string): boolean {
  return /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(text.replaceAll(/[\r\n]/g, ''));
}

function words(value: Scalar, list: string): [string, Scalar][] {
  return list.split(' ').map((word) => [word, value]);
}
