/** The answer to a picked request that gets no other answer. */
import type { Download } from './data.ts';
import { isGrpc } from './facts.ts';
import { NO_SECRETS } from './hpack/block.ts';
import type { Block } from './hpack/block.ts';

/** gRPC's UNAVAILABLE: a client may try again. */
const UNAVAILABLE = '14';

/** What a client of HTTP, or of gRPC, understands. */
export function refusal(head: Block, reason: string): readonly Download[] {
  const text = `mirrord: this request was taken over, but not answered: ${reason}`;
  const block = (...fields: string[]): Block => ({ fields, secrets: NO_SECRETS });
  if (isGrpc(head)) {
    // The message is percent-encoded (gRPC over HTTP/2, "Responses").
    const status = ['grpc-status', UNAVAILABLE, 'grpc-message', encodeURI(text)];
    return [{ block: block(':status', '200', 'content-type', 'application/grpc', ...status), isEnd: true }];
  }
  const bytes = Buffer.from(`${text}\n`);
  const fields = ['server', 'mirrord', 'content-type', 'text/plain; charset=utf-8', 'content-length'];
  const isHead = head.fields[head.fields.indexOf(':method') + 1] === 'HEAD';
  const answer: Download = { block: block(':status', '502', ...fields, String(bytes.length)), isEnd: isHead };
  return isHead ? [answer] : [answer, { bytes, from: 0, to: bytes.length, isEnd: true }];
}
