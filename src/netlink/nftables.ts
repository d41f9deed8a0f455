/**
 * nf_tables by netlink: a batch of messages that the kernel carries out as a whole or not at all.
 *
 * Only what the incoming agent's table is made of; names and numbers are those of linux/netfilter/nf_tables.h.  Numbers of
 * nf_tables are in network order; what a register holds is in the order of what it is compared with.
 */
import { attribute, encodeMessage, FLAG, nested, text } from './message.ts';

const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NEW_TABLE = (NFNL_SUBSYS_NFTABLES << 8) | 0;
const DELETE_TABLE = (NFNL_SUBSYS_NFTABLES << 8) | 2;
const NEW_CHAIN = (NFNL_SUBSYS_NFTABLES << 8) | 3;
const NEW_RULE = (NFNL_SUBSYS_NFTABLES << 8) | 6;
const DELETE_RULE = (NFNL_SUBSYS_NFTABLES << 8) | 8;

const NFPROTO_UNSPEC = 0;
const NFPROTO_INET = 1;
export const NFPROTO = { IPv4: 2, IPv6: 10 } as const;

/** NFT_TABLE_F_OWNER: the table belongs to the socket that made it; no other process can change it, and it goes when the socket is closed. */
const OWNED = 2;
/** A register of 32 bits (NFT_REG32_00), and the one for verdicts. */
const REGISTER = 8;
const VERDICT_REGISTER = 0;
const ACCEPT = 1;

export const HOOK = { prerouting: 0, input: 1, output: 3 } as const;

export interface Chain {
  readonly name: string;
  readonly type: 'nat' | 'filter';
  readonly hook: (typeof HOOK)[keyof typeof HOOK];
  readonly priority: number;
  /** Each is a list of expressions. */
  readonly rules: readonly (readonly Buffer[])[];
}

const u32 = (type: number, value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return attribute(type, bytes);
};
const u16Bytes = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
};

/* ---- expressions ---- */

const expression = (name: string, ...attributes: readonly Buffer[]): Buffer =>
  nested(1, text(1, name), nested(2, ...attributes));
const value = (type: number, bytes: Uint8Array): Buffer => nested(type, attribute(1, bytes));
/** NFTA_META_KEY, NFTA_META_DREG. */
const meta = (key: number): Buffer => expression('meta', u32(2, key), u32(1, REGISTER));
const compare = (operator: number, bytes: Uint8Array): Buffer =>
  expression('cmp', u32(1, REGISTER), u32(2, operator), value(3, bytes));
const equals = (bytes: Uint8Array): Buffer => compare(0, bytes);
const differs = (bytes: Uint8Array): Buffer => compare(1, bytes);
const atMost = (bytes: Uint8Array): Buffer => compare(3, bytes);
const atLeast = (bytes: Uint8Array): Buffer => compare(5, bytes);
/** In the transport header (NFT_PAYLOAD_TRANSPORT_HEADER). */
const transport = (offset: number, length: number): Buffer =>
  expression('payload', u32(1, REGISTER), u32(2, 2), u32(3, offset), u32(4, length));
const masked = (mask: Buffer): Buffer =>
  expression(
    'bitwise',
    u32(1, REGISTER),
    u32(2, REGISTER),
    u32(3, mask.length),
    value(4, mask),
    value(5, Buffer.alloc(mask.length)),
  );
/** Of the machine's order, for what is compared by size. */
const toNetworkOrder = expression('byteorder', u32(1, REGISTER), u32(2, REGISTER), u32(3, 1), u32(4, 4), u32(5, 4));

const nativeU32 = (number: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
};
const networkU32 = (number: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
};

/** The loopback interface has this number in every network namespace (LOOPBACK_IFINDEX). */
const LOOPBACK = nativeU32(1);
const RTN_LOCAL = nativeU32(2);
const TCP = Buffer.from([6]);
const SYN = Buffer.from([0x02]);
const FIN_SYN_RST_ACK = Buffer.from([0x17]);
const DNATED = nativeU32(0x20); // IPS_DST_NAT

export const isFamily = (family: keyof typeof NFPROTO): readonly Buffer[] => [
  meta(15),
  equals(Buffer.from([NFPROTO[family]])),
];
export const isTcp: readonly Buffer[] = [meta(16), equals(TCP)];
export const isToPort = (port: number): readonly Buffer[] => [transport(2, 2), equals(u16Bytes(port))];
/** The first segment of a connection. */
export const isSyn: readonly Buffer[] = [transport(13, 1), masked(FIN_SYN_RST_ACK), equals(SYN)];
export const comesByLoopback = (is: boolean): readonly Buffer[] => [meta(4), (is ? equals : differs)(LOOPBACK)];
export const leavesByLoopback: readonly Buffer[] = [meta(5), equals(LOOPBACK)];
/** fib daddr type local: NFTA_FIB_RESULT = NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_FLAGS = NFTA_FIB_F_DADDR. */
export const isForThisHost: readonly Buffer[] = [
  expression('fib', u32(1, REGISTER), u32(2, 3), u32(3, 2)),
  equals(RTN_LOCAL),
];
/** The socket is of a process of one of those groups. */
export const isOfGroups = (first: number, last: number): readonly Buffer[] => [
  meta(11),
  toNetworkOrder,
  atLeast(networkU32(first)),
  atMost(networkU32(last)),
];
/** The connection was not translated. */
export const isDirect: readonly Buffer[] = [
  expression('ct', u32(2, 2), u32(1, REGISTER)),
  masked(DNATED),
  equals(nativeU32(0)),
];
export const accept: readonly Buffer[] = [
  expression('immediate', u32(1, VERDICT_REGISTER), nested(2, nested(2, u32(1, ACCEPT)))),
];
/** By a TCP reset (NFT_REJECT_TCP_RST). */
export const reset: readonly Buffer[] = [expression('reject', u32(1, 1), attribute(2, Buffer.from([0])))];
/** Another port of the same address. */
export const redirectTo = (family: keyof typeof NFPROTO, port: number): readonly Buffer[] => [
  expression('immediate', u32(1, REGISTER), value(2, u16Bytes(port))),
  expression('nat', u32(1, 1), u32(2, NFPROTO[family]), u32(5, REGISTER)),
];

/* ---- the batch ---- */

/** NLM_F flags of what is made or already there. */
const MAKE = FLAG.request | FLAG.create;

/**
 * What makes the owned table have exactly those chains and rules, in one step.  Sent by the owner's socket only; the table
 * is made when it is not there.  Sequence numbers count from 1, the batch's own begin being 0.
 */
export function tableBatch(table: string, chains: readonly Chain[]): Buffer {
  const message = messages();
  return batch([
    message(NEW_TABLE, MAKE | FLAG.ack, text(1, table), u32(2, OWNED)),
    ...chains.flatMap(({ name, type, hook, priority, rules }) => [
      message(NEW_CHAIN, MAKE, text(1, table), text(3, name), nested(4, u32(1, hook), u32(2, priority)), text(7, type)),
      message(DELETE_RULE, FLAG.request, text(1, table), text(2, name)),
      ...rules.map((expressions) =>
        message(NEW_RULE, MAKE | FLAG.append, text(1, table), text(2, name), nested(4, ...expressions)),
      ),
    ]),
  ]);
}

/** What takes the table away. */
export function removalBatch(table: string): Buffer {
  return batch([messages()(DELETE_TABLE, FLAG.request | FLAG.ack, text(1, table))]);
}

/** Numbers the messages of one batch. */
function messages(): (type: number, flags: number, ...attributes: readonly Buffer[]) => Buffer {
  let sequence = 1;
  return (type, flags, ...attributes) =>
    encodeMessage(type, flags, sequence++, generic(NFPROTO_INET, 0), ...attributes);
}

function batch(parts: readonly Buffer[]): Buffer {
  const frame = (type: number): Buffer =>
    encodeMessage(type, FLAG.request, 0, generic(NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES));
  return Buffer.concat([frame(NFNL_MSG_BATCH_BEGIN), ...parts, frame(NFNL_MSG_BATCH_END)]);
}

/** struct nfgenmsg. */
function generic(family: number, resource: number): Buffer {
  return Buffer.concat([Buffer.from([family, 0]), u16Bytes(resource)]);
}
