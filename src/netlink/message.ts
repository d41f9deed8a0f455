/**
 * Netlink messages and their attributes (linux/netlink.h; netlink(7)): numbers are in the machine's byte order, everything is
 * aligned to four bytes.  All machines that Node runs on in practice are little-endian.
 */
const HEADER_LENGTH = 16;
const ATTRIBUTE_HEADER = 4;
const NESTED = 0x8000;

/** nlmsg_type of the kernel's own. */
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** nlmsg_flags. */
export const FLAG = { request: 0x1, ack: 0x4, dump: 0x300, create: 0x400, append: 0x800 } as const;

export interface Message {
  readonly type: number;
  readonly sequence: number;
  readonly body: Buffer;
}

const padding = (length: number): Buffer => Buffer.alloc(-length & 3);

export function encodeMessage(type: number, flags: number, sequence: number, ...body: readonly Uint8Array[]): Buffer {
  const length = body.reduce((sum, { length: part }) => sum + part, HEADER_LENGTH);
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt32LE(length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, ...body, padding(length)]);
}

/** The messages of one read, as views; what is cut off at its end is left out. */
export function* decodeMessages(bytes: Buffer): Generator<Message> {
  for (let at = 0; at + HEADER_LENGTH <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    if (length < HEADER_LENGTH || at + length > bytes.length) return;
    yield {
      type: bytes.readUInt16LE(at + 4),
      sequence: bytes.readUInt32LE(at + 8),
      body: bytes.subarray(at + HEADER_LENGTH, at + length),
    };
    at += (length + 3) & ~3;
  }
}

export function attribute(type: number, value: Uint8Array): Buffer {
  const header = Buffer.alloc(ATTRIBUTE_HEADER);
  header.writeUInt16LE(ATTRIBUTE_HEADER + value.length, 0);
  header.writeUInt16LE(type, 2);
  return Buffer.concat([header, value, padding(value.length)]);
}

export const nested = (type: number, ...attributes: readonly Uint8Array[]): Buffer =>
  attribute(type | NESTED, Buffer.concat(attributes));

export const text = (type: number, value: string): Buffer => attribute(type, Buffer.from(`${value}\0`));

/** The value of the first attribute of that type; a malformed list ends where it makes no sense. */
export function findAttribute(attributes: Buffer, type: number): Buffer | undefined {
  for (let at = 0; at + ATTRIBUTE_HEADER <= attributes.length;) {
    const length = attributes.readUInt16LE(at);
    if (length < ATTRIBUTE_HEADER || at + length > attributes.length) return undefined;
    if ((attributes.readUInt16LE(at + 2) & ~NESTED) === type)
      return attributes.subarray(at + ATTRIBUTE_HEADER, at + length);
    at += (length + 3) & ~3;
  }
  return undefined;
}
