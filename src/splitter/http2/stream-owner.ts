/** What a stream asks of the connection that carries it, so that `picked-stream.ts` need not know `picked-connection.ts`. */
import type { Block } from './hpack/block.ts';

export interface StreamOwner<Stream> {
  /** Its window for all uploads together. */
  readonly window: number;
  readonly maxFrameSize: number;
  readonly isFull: boolean;
  putBlock(stream: number, block: Block, isEnd: boolean): void;
  putData(stream: number, bytes: Buffer, from: number, to: number, isEnd: boolean): void;
  /** It may send so much more on a stream. */
  refill(stream: number, bytes: number): void;
  /** The client has taken so much of what came from here. */
  taken(bytes: number): void;
  reset(stream: Stream, code: number): void;
  /** The stream does not use it any more. */
  closed(stream: Stream): void;
}
