/** The fields of a head that `HeadScanner` has passed, and what they say about the body. */

/**
 * How far a body goes: bytes, chunks (RFC 9112, section 7.1), or all that comes until the sender hangs up (of answers).
 */
export type Extent = number | 'chunked' | 'until-close';

/** `text`: a whole head.  Name, value, name, value...; names in lower case. */
export function readFields(text: string): string[] {
  const fields: string[] = [];
  let line = text.indexOf('\r\n') + 2;
  for (let end = text.indexOf('\r\n', line); end > line; end = text.indexOf('\r\n', line)) {
    const colon = text.indexOf(':', line);
    fields.push(text.slice(line, colon).toLowerCase(), text.slice(colon + 1, end).trim());
    line = end + 2;
  }
  return fields;
}

/**
 * What the fields say about the body (RFC 9112, section 6.3); undefined where they say nothing, null where two readers
 * could disagree: both lengths, one of them twice, a coding besides chunked.
 */
export function readExtent(fields: readonly string[], minor: number): number | 'chunked' | undefined | null {
  let extent: number | 'chunked' | undefined;
  for (let at = 0; at < fields.length; at += 2) {
    const value = fields[at + 1];
    switch (fields[at]) {
      case 'content-length':
        // Up to 15 digits are exact as a number.
        if (extent !== undefined || !/^\d{1,15}$/.test(value)) return null;
        extent = Number(value);
        break;
      case 'transfer-encoding':
        if (extent !== undefined || value.toLowerCase() !== 'chunked' || minor === 0) return null;
        extent = 'chunked';
    }
  }
  return extent;
}

/** Whether the sender goes on with the connection afterwards (RFC 9112, section 9.3). */
export function keepsAlive(fields: readonly string[], minor: number): boolean {
  let keeps = minor > 0;
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at] !== 'connection') continue;
    const options = fields[at + 1].toLowerCase().split(/[\s,]+/);
    if (options.includes('close')) return false;
    if (options.includes('keep-alive')) keeps = true;
  }
  return keeps;
}
