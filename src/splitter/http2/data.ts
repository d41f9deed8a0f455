/** What waits on a stream, in either direction. */
import type { Block } from './hpack/block.ts';

/** Part of a body, from `from` to `to`. */
export interface Data {
  readonly bytes: Buffer;
  from: number;
  readonly to: number;
  readonly isEnd: boolean;
}

/** `padding`: taken off, but it has used the windows.  `isPaid`: the client has its connection credit back already. */
export type Upload =
  | { readonly trailers: Block; readonly isEnd: boolean }
  | (Data & { readonly padding: number; readonly isPaid: boolean });

export type Download = { readonly block: Block; readonly isEnd: boolean } | Data | { readonly reset: number };

/** Parts that wait are put together up to so many bytes: an object for each byte would be an attack. */
const TINY = 4_096;

export function isTiny({ from, to }: Data, more: number): boolean {
  return to - from + more <= TINY;
}

export function joined({ bytes, from, to }: Data, more: Buffer, isEnd: boolean): Data {
  const both = Buffer.concat([bytes.subarray(from, to), more]);
  return { bytes: both, from: 0, to: both.length, isEnd };
}
