/** Domain names on the wire (RFC 1035, 3.1 and 4.1.4). */

/** Including length bytes and the root's zero byte (RFC 1035, 2.3.4). */
export const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;

export interface NameRead {
  /** Lower case, no final dot; '' is the root.  Dots in labels, blanks and bytes beyond ASCII are escaped. */
  readonly text: string;
  /** The name without compression, root byte included, case as found. */
  readonly wire: Uint8Array;
  /** Offset behind the name where it stands (behind the pointer, where it ends in one). */
  readonly end: number;
  readonly compressed: boolean;
}

/** Offset behind the name at `offset`, pointers not followed; -1 for what is not a name. */
export function skipName(message: Uint8Array, offset: number): number {
  let at = offset;
  for (;;) {
    const length = message[at];
    if (length === undefined) return -1;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2 <= message.length ? at + 2 : -1;
    if (length > MAX_LABEL_BYTES) return -1;
    at += 1 + length;
  }
}

/** Reads the name at `offset`, following pointers; null for what is not a name. */
export function readName(message: Uint8Array, offset: number): NameRead | null {
  const wire = new Uint8Array(MAX_NAME_BYTES);
  let used = 0;
  let text = '';
  let at = offset;
  let end = -1;
  // Each pointer must lead further to the front than the one before it, so the walk ends.
  let barrier = offset;
  for (;;) {
    const length = message[at];
    if (length === undefined) return null;
    if (length >= 0xc0) {
      const low = message[at + 1];
      if (low === undefined) return null;
      const target = ((length & 0x3f) << 8) | low;
      if (target >= barrier) return null;
      if (end < 0) end = at + 2;
      barrier = target;
      at = target;
      continue;
    }
    if (length > MAX_LABEL_BYTES || at + 1 + length > message.length) return null;
    if (used + 1 + length > MAX_NAME_BYTES) return null;
    wire.set(message.subarray(at, at + 1 + length), used);
    used += 1 + length;
    at += 1 + length;
    if (length === 0) break;
    if (used >= MAX_NAME_BYTES) return null;
    text += (text === '' ? '' : '.') + labelText(message, at - length, at);
  }
  return { text, wire: wire.subarray(0, used), end: end < 0 ? at : end, compressed: end >= 0 };
}

/** Text to wire form, root byte included; null when a label or the whole is too long or empty.  Knows no escapes. */
export function encodeName(text: string): Uint8Array | null {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name === '') return Uint8Array.of(0);
  const bytes = Buffer.from(name, 'latin1');
  if (bytes.length + 2 > MAX_NAME_BYTES) return null;
  const wire = new Uint8Array(bytes.length + 2);
  let lengthAt = 0;
  for (let i = 0; i <= bytes.length; i++) {
    const byte = bytes[i];
    if (byte !== undefined && byte !== 0x2e) {
      wire[i + 1] = byte;
      continue;
    }
    const length = i - lengthAt;
    if (length === 0 || length > MAX_LABEL_BYTES) return null;
    wire[lengthAt] = length;
    lengthAt = i + 1;
  }
  return wire;
}

function labelText(message: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = message[i] ?? 0;
    if (byte >= 0x41 && byte <= 0x5a) text += String.fromCharCode(byte | 0x20);
    else if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte <= 0x20 || byte >= 0x7f) text += `\\${String(byte).padStart(3, '0')}`;
    else text += String.fromCharCode(byte);
  }
  return text;
}
