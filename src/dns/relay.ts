/**
 * What is not a question for a resolver: it is between the program and the server that it asks, and passes byte for byte.
 *
 * Updates and notifications (other opcodes: RFC 2136, RFC 1996), questions that want no recursion (those of recursive
 * resolvers, `dig +trace`), zone transfers (RFC 5936, many messages to one question).
 */
import type { Socket } from 'node:net';
import { skipName } from './wire-name.ts';
import { FLAG, HEADER_LENGTH, OPCODE_MASK, TYPE, uint16 } from './wire.ts';

/** One server, as far as messages go to it as they are. */
export interface Relay {
  /** One datagram there, one back; null when none comes. */
  datagram(message: Uint8Array): Promise<Uint8Array | null>;
  /** A connection of a program's own to the server.  Rejects with `NoAnswer`. */
  connect(): Promise<Socket>;
}

/** Whether the message is the server's and not the resolver's.  Answers and what cannot be read are the resolver's to refuse. */
export function isRelayed(message: Uint8Array): boolean {
  if (message.length < HEADER_LENGTH) return false;
  const flags = uint16(message, 2);
  if ((flags & FLAG.QR) !== 0) return false;
  if ((flags & OPCODE_MASK) !== 0 || (flags & FLAG.RD) === 0) return true;
  const type = uint16(message, skipName(message, HEADER_LENGTH));
  return type === TYPE.AXFR || type === TYPE.IXFR;
}
