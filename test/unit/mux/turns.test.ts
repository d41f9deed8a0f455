import assert from 'node:assert/strict';
import type { ByteStream } from '../../../src/connection/byte-stream.ts';
import { SMALL_PIECE } from '../../../src/connection/limits.ts';
import { STREAM_WINDOW } from '../../../src/mux/limits.ts';
import { MuxStream, type StreamOwner } from '../../../src/mux/stream.ts';
import { MuxTurns } from '../../../src/mux/turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const nothing = (): void => {};

describe('turns of the multiplexer', () => {
  const arrivals: (() => void)[] = [];
  const bytes = {
    room: 1,
    write: (_chunk: Uint8Array, release: () => void = nothing) => void arrivals.push(release),
    flush: nothing,
  };
  const turns = new MuxTurns(bytes as unknown as ByteStream, () => {});
  const owner = { wantsToSend: (stream: MuxStream) => turns.add(stream), finished: nothing };

  it('give back a chunk that credit has cut only when its beginning has arrived, however short its rest', async () => {
    const stream = new MuxStream(1, owner as unknown as StreamOwner);
    const fits = SMALL_PIECE + 100;
    const rest = SMALL_PIECE - 100;
    let released = 0;
    stream.write(Buffer.alloc(STREAM_WINDOW - fits), nothing);
    stream.write(Buffer.alloc(fits + rest), nothing, () => void released++);
    await turn();
    stream.credited(2 * rest);
    let shortOnes = 0;
    stream.write(Buffer.alloc(10), nothing, () => void shortOnes++);
    await turn();
    assert.deepEqual([released, shortOnes], [0, 1], 'the rest was copied, the beginning is read where it is');
    for (const arrived of arrivals) arrived();
    assert.deepEqual([released, shortOnes], [1, 1]);
  });
});
