/** A request of HTTP/2 as a filter sees it: in the same words as one of HTTP/1. */
import type { RequestFacts } from '../../http-filter/index.ts';
import type { Block } from './hpack/block.ts';

export function factsOf({ fields }: Block): RequestFacts {
  const headers: string[] = [];
  const pseudo: Record<string, string> = {};
  let cookie = -1;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at];
    const value = fields[at + 1];
    if (name.startsWith(':')) pseudo[name] = value;
    // One field may come in crumbs (RFC 9113, section 8.2.3).
    else if (name === 'cookie' && cookie >= 0) headers[cookie] += `; ${value}`;
    else {
      if (name === 'cookie') cookie = headers.length + 1;
      headers.push(name, value);
    }
  }
  if (!fields.includes('host')) headers.unshift('host', pseudo[':authority'] ?? '');
  return { method: pseudo[':method'] ?? '', target: pseudo[':path'] ?? '', headers };
}

export function isGrpc({ fields }: Block): boolean {
  const at = fields.indexOf('content-type');
  return at >= 0 && fields[at + 1].startsWith('application/grpc');
}
