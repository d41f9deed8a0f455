/** Questions of our own, and their answers: for what the tool wants to know itself, off every hot path. */
import { randomInt } from 'node:crypto';
import { encode } from 'dns-packet';
import { readAddresses, readRecords } from './records.ts';
import { FLAG, HEADER_LENGTH, RCODE, rcodeOf, uint16 } from './wire.ts';
import { skipName } from './name.ts';

const RECURSION_DESIRED = 0x0100;

export function encodeQuestion(name: string, type: 'A' | 'AAAA'): Uint8Array {
  return encode({ type: 'query', id: randomInt(0x1_0000), flags: RECURSION_DESIRED, questions: [{ type, name }] });
}

/** Whether the answer is cut short: the whole of it comes by TCP. */
export function isTruncated(message: Uint8Array): boolean {
  return (uint16(message, 2) & FLAG.TC) !== 0;
}

/** The addresses in an answer to one of our questions, or why there are none. */
export function readAnswer(message: Uint8Array): { readonly addresses: readonly string[]; readonly failure?: string } {
  const code = rcodeOf(message);
  if (code !== RCODE.NOERROR) {
    const name = Object.entries(RCODE).find(([, value]) => value === code)?.[0];
    return { addresses: [], failure: name ?? `rcode ${code}` };
  }
  const questionEnd = skipName(message, HEADER_LENGTH) + 4;
  const { addresses } = readAddresses(message, readRecords(message, questionEnd) ?? []);
  return addresses.length === 0 ? { addresses, failure: 'no address' } : { addresses };
}
