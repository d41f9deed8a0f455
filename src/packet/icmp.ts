/** ICMP, RFC 792 and RFC 1122 section 3.2.2; ICMPv6, RFC 4443. */
import { write16, write32 } from './bytes.ts';

/** Type, code, checksum, and four bytes whose meaning is the type's. */
export const ICMP_HEADER_LENGTH = 8;

export const ICMP4 = {
  echoReply: 0,
  unreachable: 3,
  echoRequest: 8,
  code: { network: 0, host: 1, protocol: 2, port: 3, tooBig: 4, prohibited: 13 },
} as const;

export const ICMP6 = {
  unreachable: 1,
  tooBig: 2,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
  code: { noRoute: 0, prohibited: 1, address: 3, port: 4, unrecognizedNextHeader: 1 },
} as const;

/** Writes the eight bytes of the header, checksum 0. */
export function encodeIcmp(bytes: Uint8Array, at: number, type: number, code: number, rest: number): void {
  bytes[at] = type;
  bytes[at + 1] = code;
  write16(bytes, at + 2, 0);
  write32(bytes, at + 4, rest);
}
