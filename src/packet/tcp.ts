/** TCP segments, RFC 9293 section 3.1; window scale RFC 7323, selective acknowledgement RFC 2018. */
import { read16, read32, write16, write32 } from './bytes.ts';
import type { DropReason } from './ip.ts';

/** Without options. */
export const TCP_HEADER_LENGTH = 20;

export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

const OPTION = { end: 0, nop: 1, mss: 2, windowScale: 3, sackPermitted: 4, sack: 5 } as const;
/** RFC 7323 section 2.3: a larger shift is read as this one. */
const WINDOW_SHIFT_MAX = 14;

/** A decoded header; sequence numbers are signed 32-bit integers.  One view serves all segments. */
export class TcpView {
  sourcePort = 0;
  destinationPort = 0;
  seq = 0;
  ack = 0;
  flags = 0;
  /** As it stands in the header, not scaled. */
  window = 0;
  options = 0;
  optionsLength = 0;
  payload = 0;
  payloadLength = 0;
}

/** Options of a SYN. */
export class TcpOptions {
  /** null: the peer said nothing. */
  mss: number | null = null;
  windowShift: number | null = null;
  sackPermitted = false;
}

export function decodeTcp(bytes: Uint8Array, offset: number, length: number, view: TcpView): DropReason | null {
  if (length < TCP_HEADER_LENGTH) return 'tcp-truncated';
  const headerLength = (bytes[offset + 12] >> 4) * 4;
  if (headerLength < TCP_HEADER_LENGTH) return 'tcp-length';
  if (headerLength > length) return 'tcp-truncated';
  view.sourcePort = read16(bytes, offset);
  view.destinationPort = read16(bytes, offset + 2);
  view.seq = read32(bytes, offset + 4);
  view.ack = read32(bytes, offset + 8);
  view.flags = bytes[offset + 13]!;
  view.window = read16(bytes, offset + 14);
  view.options = offset + TCP_HEADER_LENGTH;
  view.optionsLength = headerLength - TCP_HEADER_LENGTH;
  view.payload = offset + headerLength;
  view.payloadLength = length - headerLength;
  return null;
}

/** Reads a SYN's options into `out`; a malformed list ends where it stops making sense. */
export function decodeTcpOptions(bytes: Uint8Array, view: TcpView, out: TcpOptions): void {
  out.mss = null;
  out.windowShift = null;
  out.sackPermitted = false;
  const end = view.options + view.optionsLength;
  for (let at = view.options; at < end;) {
    const length = optionLength(bytes, at, end);
    if (length === 0) return;
    const kind = bytes[at];
    if (kind === OPTION.mss && length === 4) out.mss = read16(bytes, at + 2);
    else if (kind === OPTION.windowScale && length === 3) out.windowShift = Math.min(bytes[at + 2], WINDOW_SHIFT_MAX);
    else if (kind === OPTION.sackPermitted && length === 2) out.sackPermitted = true;
    at += length;
  }
}

/** The lowest left edge above `base` among a segment's SACK blocks: where the hole at `base` ends.  null: no block. */
export function lowestSackEdge(bytes: Uint8Array, view: TcpView, base: number): number | null {
  const end = view.options + view.optionsLength;
  let lowest: number | null = null;
  for (let at = view.options; at < end;) {
    const length = optionLength(bytes, at, end);
    if (length === 0) break;
    for (let block = at + 2; bytes[at] === OPTION.sack && block + 8 <= at + length; block += 8) {
      const above = (read32(bytes, block) - base) | 0;
      if (above > 0 && (lowest === null || above < ((lowest - base) | 0))) lowest = (base + above) | 0;
    }
    at += length;
  }
  return lowest;
}

/** Writes a header (and `options`, whose length is a multiple of 4); the checksum field is the caller's. */
export function encodeTcp(
  bytes: Uint8Array,
  at: number,
  sourcePort: number,
  destinationPort: number,
  seq: number,
  ack: number,
  flags: number,
  window: number,
  options: Uint8Array,
): void {
  write16(bytes, at, sourcePort);
  write16(bytes, at + 2, destinationPort);
  write32(bytes, at + 4, seq);
  write32(bytes, at + 8, ack);
  bytes[at + 12] = (TCP_HEADER_LENGTH + options.length) << 2;
  bytes[at + 13] = flags;
  write16(bytes, at + 14, window);
  write32(bytes, at + 16, 0);
  for (let i = 0; i < options.length; i++) bytes[at + TCP_HEADER_LENGTH + i] = options[i]!;
}

/** The options of a SYN or SYN-ACK; `windowShift` null: not offered. */
export function synOptions(mss: number, windowShift: number | null, sackPermitted: boolean): Uint8Array {
  const options = [OPTION.mss, 4, mss >> 8, mss & 255];
  if (sackPermitted) options.push(OPTION.nop, OPTION.nop, OPTION.sackPermitted, 2);
  if (windowShift !== null) options.push(OPTION.nop, OPTION.windowScale, 3, windowShift);
  return Uint8Array.from(options);
}

/** A SACK option of [left, right) pairs; four fit beside no other option. */
export function sackOption(edges: readonly number[]): Uint8Array {
  const option = new Uint8Array(4 + edges.length * 4);
  option.set([OPTION.nop, OPTION.nop, OPTION.sack, 2 + edges.length * 4]);
  for (const [i, edge] of edges.entries()) write32(option, 4 + i * 4, edge);
  return option;
}

/** 0: the list ends here. */
function optionLength(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === OPTION.end) return 0;
  if (bytes[at] === OPTION.nop) return 1;
  if (at + 2 > end) return 0;
  const length = bytes[at + 1];
  return length < 2 || at + length > end ? 0 : length;
}
