/** A request's head. */
import type { RequestFacts } from '../../http-filter/index.ts';
import { METHOD_LIMIT, REQUEST_LINE_LIMIT } from '../limits.ts';
import { CR, skipTarget, skipToken, SPACE } from './characters.ts';
import { readExtent, readFields } from './fields.ts';
import type { Extent } from './fields.ts';

export interface RequestHead extends RequestFacts {
  readonly body: Exclude<Extent, 'until-close'>;
  /** What follows the request is HTTP only if the answer does not say otherwise: Upgrade, CONNECT. */
  readonly mayUpgrade: boolean;
}

const VERSION = Buffer.from('HTTP/1.');
const ZERO = 0x30;

/** `METHOD target HTTP/1.x`, with one space each (RFC 9112, section 3). */
export function isRequestLine(bytes: Uint8Array, from: number, to: number, isWhole: boolean): boolean {
  if (to - from > REQUEST_LINE_LIMIT) return false;
  const methodEnd = skipToken(bytes, from, to);
  if (methodEnd === from || methodEnd - from > METHOD_LIMIT) return false;
  if (methodEnd === to) return !isWhole;
  const target = methodEnd + 1;
  const targetEnd = skipTarget(bytes, target, to);
  if (bytes[methodEnd] !== SPACE) return false;
  if (targetEnd === to) return !isWhole;
  if (targetEnd === target || bytes[targetEnd] !== SPACE) return false;
  const version = targetEnd + 1;
  const end = version + VERSION.length + 1;
  for (let at = version; at < Math.min(to, end - 1); at++) if (bytes[at] !== VERSION[at - version]) return false;
  if (to >= end && bytes[end - 1] !== ZERO && bytes[end - 1] !== ZERO + 1) return false;
  if (isWhole) return to === end;
  return to <= end || (to === end + 1 && bytes[end] === CR);
}

/** `text`: a whole head that the scanner has passed.  Null when it is not clear where the request ends. */
export function readRequest(text: string): RequestHead | null {
  const methodEnd = text.indexOf(' ');
  const targetEnd = text.indexOf(' ', methodEnd + 1);
  const minor = text.charCodeAt(targetEnd + 1 + VERSION.length) - ZERO;
  const headers = readFields(text);
  const body = readExtent(headers, minor);
  if (body === null) return null;
  const method = text.slice(0, methodEnd);
  return {
    method,
    target: text.slice(methodEnd + 1, targetEnd),
    headers,
    body: body ?? 0,
    mayUpgrade: method === 'CONNECT' || hasField(headers, 'upgrade'),
  };
}

function hasField(fields: readonly string[], name: string): boolean {
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return true;
  return false;
}
