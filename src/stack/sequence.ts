/**
 * Sequence numbers as signed 32-bit integers that wrap around (RFC 9293 section 3.4); the distance from `b` to `a`
 * is `(a - b) | 0`, and is meaningful within 2^31.
 */

export function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

export function isAtOrAfter(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}
