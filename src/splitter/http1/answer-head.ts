/** An answer's head. */
import { keepsAlive, readExtent, readFields } from './fields.ts';
import type { Extent } from './fields.ts';
import type { RequestHead } from './request-head.ts';

/** `HTTP/1.1 200 OK`; the reason may be missing, with its space (RFC 9112, section 4; servers do it). */
const STATUS_LINE = /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const VERSION = 'HTTP/1.';
const STATUS_LINE_LIMIT = 1_024;

export interface AnswerHead {
  readonly status: number;
  readonly body: Extent;
  /** The sender hangs up behind the body. */
  readonly closes: boolean;
  /** From here on both directions carry another protocol (RFC 9110, sections 7.8 and 9.3.6). */
  readonly switches: boolean;
  /** 1xx: the answer itself is still to come. */
  readonly isInterim: boolean;
}

export function isStatusLine(bytes: Buffer, from: number, to: number, isWhole: boolean): boolean {
  if (to - from > STATUS_LINE_LIMIT) return false;
  const text = bytes.toString('latin1', from, to);
  return isWhole ? STATUS_LINE.test(text) : VERSION.startsWith(text.slice(0, VERSION.length));
}

/** `text`: a whole head that the scanner has passed.  Null when it is not clear where the answer ends. */
export function readAnswer(text: string, request: Pick<RequestHead, 'method' | 'mayUpgrade'>): AnswerHead | null {
  const minor = Number(text[7]);
  const status = Number(text.slice(9, 12));
  const fields = readFields(text);
  const extent = readExtent(fields, minor);
  if (extent === null) return null;
  const isInterim = status < 200;
  const hasNoBody = isInterim || request.method === 'HEAD' || status === 204 || status === 304;
  const body = hasNoBody ? 0 : (extent ?? 'until-close');
  return {
    status,
    body,
    closes: body === 'until-close' || !keepsAlive(fields, minor),
    switches: (status === 101 && request.mayUpgrade) || (request.method === 'CONNECT' && status >= 200 && status < 300),
    isInterim,
  };
}
