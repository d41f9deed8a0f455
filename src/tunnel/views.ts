/** Views of what a transport has read, and what keeps them from holding much more memory than they show. */
import { SMALL_VIEW } from './limits.ts';

/**
 * What may be kept for `view`: itself, or a copy when it is a small part of the read that it would keep alive.  With
 * `isHeld`, where it will wait long and in company, of less than half of the read.
 */
export function owned(view: Buffer, isHeld = false): Buffer {
  const { byteLength } = view.buffer;
  const isSmall = view.length < SMALL_VIEW && byteLength > 2 * SMALL_VIEW;
  return isSmall || (isHeld && view.length * 2 < byteLength) ? Buffer.from(view) : view;
}

/** Both in one, when they are so short that an object for each would cost more than the bytes; else null. */
export function joined(first: Uint8Array, second: Uint8Array): Buffer | null {
  return first.length + second.length > SMALL_VIEW ? null : Buffer.concat([first, second]);
}
