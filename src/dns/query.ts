/**
 * The part of a DNS message that every question has: header, one question, EDNS.
 *
 * Read RFC 1035 section 4 (format), RFC 6891 (EDNS), RFC 9619 (one question a message).  Only what the resolver must
 * know is read; everything else stays bytes, so that unknown types pass through.
 */
import { readName } from './wire-name.ts';
import { readRecords } from './records.ts';
import {
  FLAG,
  HEADER_LENGTH,
  MAX_MESSAGE_BYTES,
  OPCODE_MASK,
  putUint16,
  RCODE,
  TYPE,
  uint16,
  type Transport,
} from './wire.ts';

/** What a UDP client takes when it says nothing (RFC 1035, 4.2.1). */
const PLAIN_UDP_BYTES = 512;

export interface Edns {
  /** Where the OPT record stands in the message. */
  readonly start: number;
  readonly end: number;
  /** The largest UDP answer that the client takes, bytes. */
  readonly payloadSize: number;
  /** "DNSSEC OK" (RFC 3225). */
  readonly dnssec: boolean;
}

/** A well-formed query with one question. */
export interface Query {
  readonly message: Uint8Array;
  readonly id: number;
  readonly flags: number;
  /** Lower case, without final dot; '' is the root.  Odd bytes are escaped as in RFC 1035, 5.1. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Offset behind the name's last byte. */
  readonly nameEnd: number;
  /** Offset behind the question. */
  readonly questionEnd: number;
  readonly edns: Edns | null;
}

export type QueryOutcome =
  | { readonly ok: true; readonly query: Query }
  /** What to send instead, null for what deserves no answer. */
  | { readonly ok: false; readonly reply: Uint8Array | null };

/** Reads a query.  Never throws, whatever the bytes are. */
export function readQuery(message: Uint8Array): QueryOutcome {
  if (message.length < 2) return { ok: false, reply: null };
  const flags = uint16(message, 2);
  // An answer is never answered: two resolvers would talk for ever.
  if ((flags & FLAG.QR) !== 0) return { ok: false, reply: null };
  if (message.length < HEADER_LENGTH) return refusal(message, RCODE.FORMERR);
  if ((flags & OPCODE_MASK) !== 0) return refusal(message, RCODE.NOTIMP);
  if (uint16(message, 4) !== 1) return refusal(message, RCODE.FORMERR);

  const name = readName(message, HEADER_LENGTH);
  // A pointer in the first name of a message could only point forward or to itself.
  if (name === null || name.compressed || name.end + 4 > message.length) return refusal(message, RCODE.FORMERR);
  const questionEnd = name.end + 4;
  const records = readRecords(message, questionEnd);
  if (records === null) return refusal(message, RCODE.FORMERR);

  const opt = records.find((record) => record.type === TYPE.OPT);
  const edns = opt && {
    start: opt.start,
    end: opt.end,
    payloadSize: opt.class,
    dnssec: (opt.ttl & 0x8000) !== 0,
  };
  return {
    ok: true,
    query: {
      message,
      id: uint16(message, 0),
      flags,
      name: name.text,
      type: uint16(message, name.end),
      class: uint16(message, name.end + 2),
      nameEnd: name.end,
      questionEnd,
      edns: edns ?? null,
    },
  };
}

/** Offset behind the question of a message that `readQuery` took; behind the header of any other. */
export function questionEndOf(message: Uint8Array): number {
  const name = readName(message, HEADER_LENGTH);
  return name === null ? HEADER_LENGTH : name.end + 4;
}

/** The largest answer that fits, bytes. */
export function answerLimit(query: Query, transport: Transport): number {
  if (transport === 'tcp') return MAX_MESSAGE_BYTES;
  // RFC 6891, 6.2.3: values below 512 count as 512.
  return Math.max(PLAIN_UDP_BYTES, query.edns?.payloadSize ?? 0);
}

/** A header without a question: all that can be said about a message that cannot be read. */
function refusal(message: Uint8Array, rcode: number): QueryOutcome {
  const reply = new Uint8Array(HEADER_LENGTH);
  putUint16(reply, 0, uint16(message, 0));
  putUint16(reply, 2, FLAG.QR | (uint16(message, 2) & (OPCODE_MASK | FLAG.RD)) | rcode);
  return { ok: false, reply };
}
