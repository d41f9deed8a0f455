/** The answer to a picked request that gets no other answer. */
import type { RequestHead } from './request-head.ts';

/** `closes`: the connection ends behind it. */
export function refusal({ method }: RequestHead, reason: string, closes: boolean): Buffer {
  const body = Buffer.from(`mirrord: this request was taken over, but not answered: ${reason}\n`);
  const head = [
    'HTTP/1.1 502 Bad Gateway',
    'Server: mirrord',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    ...(closes ? ['Connection: close'] : []),
    '\r\n',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), method === 'HEAD' ? Buffer.alloc(0) : body]);
}
