/** Answers that this resolver makes itself. */
import { parseAddress } from '../net/index.ts';
import { encodeName } from './wire-name.ts';
import { answerLimit, type Query } from './query.ts';
import { readRecords } from './records.ts';
import { CLASS_IN, FLAG, HEADER_LENGTH, putUint16, TYPE, uint16, type Transport } from './wire.ts';

/** No answer about the cluster lives longer, seconds: services come and go, and so does the session itself. */
export const MAX_TTL_SECONDS = 5;

/** What we say that we take ourselves (the size that avoids fragments, DNS flag day 2020). */
const OWN_PAYLOAD_BYTES = 1232;
const POINTER_TO_QUESTION = 0xc000 | HEADER_LENGTH;

/** The question again, with `rcode` and no record. */
export function emptyReply(query: Query, rcode: number): Uint8Array {
  return assemble(query, rcode, [], []);
}

/** A negative answer: NXDOMAIN, or NODATA (`rcode` 0), with the SOA that says how long it holds (RFC 2308). */
export function negativeReply(query: Query, rcode: number): Uint8Array {
  return assemble(query, rcode, [], [soaRecord(query.name)]);
}

/** A or AAAA records for the asked name; NODATA when none of `addresses` is of the asked type. */
export function addressReply(query: Query, addresses: readonly string[]): Uint8Array {
  const answers: Uint8Array[] = [];
  for (const text of addresses) {
    // A hosts file may give an address its link (`fe80::1%eth0`), which no record has a place for.
    const address = parseAddress(text.replace(/%.*$/, ''));
    if (address === null || (address.length === 4 ? TYPE.A : TYPE.AAAA) !== query.type) continue;
    const owner = new Uint8Array(2);
    putUint16(owner, 0, POINTER_TO_QUESTION);
    answers.push(record(owner, query.type, CLASS_IN, MAX_TTL_SECONDS, address));
  }
  return answers.length === 0 ? negativeReply(query, 0) : assemble(query, 0, answers, []);
}

/**
 * `answer`, or, where it is larger than the client takes, as many of its answer records as fit, with TC set: the client
 * comes again by TCP (RFC 2181, 9).  Those that cannot (musl before 1.2.4) have some addresses at least.
 */
export function fitReply(answer: Uint8Array, query: Query, transport: Transport): Uint8Array {
  const limit = answerLimit(query, transport);
  if (answer.length <= limit) return answer;
  const records = readRecords(answer, query.questionEnd) ?? [];
  const opt = records.find((each) => each.type === TYPE.OPT);
  const optBytes = opt === undefined ? new Uint8Array(0) : answer.subarray(opt.start, opt.end);
  let end = query.questionEnd;
  let count = 0;
  for (const each of records) {
    if (each.section !== 'answer' || each.end + optBytes.length > limit) break;
    end = each.end;
    count++;
  }
  // Pointers lead to the front only, so a message without its tail is whole.
  const cut = Buffer.concat([answer.subarray(0, end), optBytes]);
  putUint16(cut, 2, uint16(cut, 2) | FLAG.TC);
  putUint16(cut, 6, count);
  putUint16(cut, 8, 0);
  putUint16(cut, 10, opt === undefined ? 0 : 1);
  return cut;
}

/** Header flags of an answer of ours: what the client set and an answer repeats, and "recursion available". */
export function replyFlags(query: Query): number {
  return FLAG.QR | FLAG.RA | (query.flags & (FLAG.RD | FLAG.CD));
}

/**
 * The authority for a negative answer.  Its owner is the name's last label, which is above every name that we answer for,
 * so that caches in front of us take it.
 */
function soaRecord(name: string): Uint8Array {
  const owner = encodeName(name.slice(name.lastIndexOf('.') + 1)) ?? Uint8Array.of(0);
  const data = new Uint8Array(2 + 20);
  const view = new DataView(data.buffer);
  // Primary server and mailbox are the root: there is no server to ask and no address to write to.
  view.setUint32(2, 1);
  view.setUint32(6, MAX_TTL_SECONDS);
  view.setUint32(10, MAX_TTL_SECONDS);
  view.setUint32(14, MAX_TTL_SECONDS);
  view.setUint32(18, MAX_TTL_SECONDS);
  return record(owner, TYPE.SOA, CLASS_IN, MAX_TTL_SECONDS, data);
}

function record(owner: Uint8Array, type: number, klass: number, ttl: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(owner.length + 10 + data.length);
  bytes.set(owner);
  putUint16(bytes, owner.length, type);
  putUint16(bytes, owner.length + 2, klass);
  putUint16(bytes, owner.length + 4, ttl >>> 16);
  putUint16(bytes, owner.length + 6, ttl & 0xffff);
  putUint16(bytes, owner.length + 8, data.length);
  bytes.set(data, owner.length + 10);
  return bytes;
}

function assemble(query: Query, rcode: number, answers: Uint8Array[], authority: Uint8Array[]): Uint8Array {
  const head = Uint8Array.from(query.message.subarray(0, query.questionEnd));
  // RFC 6891, 6.1.1: an answer carries OPT when, and only when, the question did.
  const opt =
    query.edns === null
      ? []
      : [record(Uint8Array.of(0), TYPE.OPT, OWN_PAYLOAD_BYTES, query.edns.dnssec ? 0x8000 : 0, new Uint8Array(0))];
  putUint16(head, 2, replyFlags(query) | rcode);
  putUint16(head, 6, answers.length);
  putUint16(head, 8, authority.length);
  putUint16(head, 10, opt.length);
  return Buffer.concat([head, ...answers, ...authority, ...opt]);
}
