/** Constants of the DNS message format (RFC 1035, 4.1; RFC 6895 for the numbers) and access to its fields. */

export type Transport = 'udp' | 'tcp';

export const HEADER_LENGTH = 12;
/** The longest message that TCP's two-byte length can frame (RFC 1035, 4.2.2). */
export const MAX_MESSAGE_BYTES = 65_535;
export const TYPE = {
  A: 1,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  AAAA: 28,
  OPT: 41,
  HTTPS: 65,
  IXFR: 251,
  AXFR: 252,
} as const;

export const CLASS_IN = 1;

export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

/** Bits of the header's second word. */
export const FLAG = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, AD: 0x0020, CD: 0x0010 } as const;
export const OPCODE_MASK = 0x7800;
const RCODE_MASK = 0x000f;

export function uint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

export function putUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function rcodeOf(message: Uint8Array): number {
  return uint16(message, 2) & RCODE_MASK;
}

/** The same message under another id; never changed in place, since those who asked alike share one answer. */
export function withId(message: Uint8Array, id: number): Uint8Array {
  if (uint16(message, 0) === id) return message;
  const copy = Uint8Array.from(message);
  putUint16(copy, 0, id);
  return copy;
}

/** Whether `answer` answers the question in `query`: a response, same id, same question but for case (RFC 5452, 9.1). */
export function answersQuestion(answer: Uint8Array, query: Uint8Array, questionEnd: number): boolean {
  if (answer.length < questionEnd || uint16(answer, 0) !== uint16(query, 0)) return false;
  if ((uint16(answer, 2) & FLAG.QR) === 0 || uint16(answer, 4) !== 1) return false;
  for (let i = HEADER_LENGTH; i < questionEnd; i++) {
    if (lowerCase(answer[i] ?? 0) !== lowerCase(query[i] ?? 0)) return false;
  }
  return true;
}

/** ASCII only (RFC 4343). */
export function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
