/** Which bytes may stand where in a head (RFC 9110, section 5.6.2; RFC 9112, sections 3 and 5). */

const TOKEN = 1;
const TARGET = 2;
const VALUE = 4;

const kinds = new Uint8Array(256);
for (let byte = 0x21; byte <= 0xff; byte++) if (byte !== 0x7f) kinds[byte] = TARGET | VALUE;
for (const byte of [0x09, 0x20]) kinds[byte] = VALUE;
for (const letter of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  kinds[letter.charCodeAt(0)] |= TOKEN;

export const CR = 0x0d;
export const LF = 0x0a;
export const SPACE = 0x20;
export const COLON = 0x3a;

/** Behind the longest run of the kind; at most `to`. */
function skip(kind: number, bytes: Uint8Array, at: number, to: number): number {
  let end = at;
  while (end < to && (kinds[bytes[end]] & kind) !== 0) end++;
  return end;
}

export function skipToken(bytes: Uint8Array, at: number, to: number): number {
  return skip(TOKEN, bytes, at, to);
}

export function skipTarget(bytes: Uint8Array, at: number, to: number): number {
  return skip(TARGET, bytes, at, to);
}

export function skipValue(bytes: Uint8Array, at: number, to: number): number {
  return skip(VALUE, bytes, at, to);
}
