/**
 * Questions of our own, and their answers: for what the tool wants to know itself, off every hot path.
 *
 * dns-packet writes the questions.  It reads nothing, here or elsewhere in this folder: answers come from strangers, and it
 * takes an address that is cut short for `10.96.undefined.undefined`, throws on what is malformed, and loses bytes that it
 * does not understand, which programs' messages have to keep.
 */
import { randomInt } from 'node:crypto';
import { encode, RECURSION_DESIRED } from 'dns-packet';
import { readAddresses, readRecords } from './records.ts';
import { FLAG, HEADER_LENGTH, RCODE, rcodeOf, uint16 } from './wire.ts';
import { skipName } from './wire-name.ts';

export function encodeQuestion(name: string, type: 'A' | 'AAAA'): Uint8Array {
  return encode({ type: 'query', id: randomInt(0x1_0000), flags: RECURSION_DESIRED, questions: [{ type, name }] });
}

/** Whether the answer is cut short: the whole of it comes by TCP. */
export function isTruncated(message: Uint8Array): boolean {
  return (uint16(message, 2) & FLAG.TC) !== 0;
}

export interface OwnAnswer {
  readonly addresses: readonly string[];
  /** `NXDOMAIN` and the like, where there are no addresses. */
  readonly failure?: string;
}

/** The addresses in an answer to one of our questions, or why there are none. */
export function readAnswer(message: Uint8Array): OwnAnswer {
  const code = rcodeOf(message);
  if (code !== RCODE.NOERROR) {
    const name = Object.entries(RCODE).find(([, value]) => value === code)?.[0];
    return { addresses: [], failure: name ?? `rcode ${code}` };
  }
  const questionEnd = skipName(message, HEADER_LENGTH) + 4;
  const { addresses } = readAddresses(message, readRecords(message, questionEnd) ?? []);
  return addresses.length === 0 ? { addresses, failure: 'no address' } : { addresses };
}
