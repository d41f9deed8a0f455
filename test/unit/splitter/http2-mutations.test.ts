import { equal, ok } from 'node:assert/strict';
import {
  ACK,
  answer,
  ask,
  block,
  END,
  frame,
  HELLO,
  request,
  settings,
  WHOLE,
  word,
} from '../../support/http2-frames.ts';
import { random } from '../support/mux-pair.ts';
import { settle } from './support/peer.ts';
import { Scene } from './support/scene.ts';

const PADDED = 8;

const CLIENT: readonly string[] = [
  ask(3, '/a', 'bob'),
  ask(5, '/b', 'alice'),
  frame('HEADERS', WHOLE | 0x20, 7, word(1) + '\x05' + request('/c', 'alice')),
  frame('HEADERS', 0, 9, request('/d', 'bob').slice(0, 5)),
  frame('CONTINUATION', WHOLE, 9, request('/d', 'bob').slice(5)),
  frame('DATA', PADDED, 7, '\x02abc\0\0'),
  frame('DATA', END, 7, 'abc'),
  frame('DATA', END, 9, 'abc'),
  frame('RST_STREAM', 0, 5, word(8)),
  frame('PRIORITY', 0, 5, word(1) + '\x05'),
  settings([4, 100], [1, 50], [5, 20_000]),
  ACK,
  frame('PING', 0, 0, '12345678'),
  frame('WINDOW_UPDATE', 0, 0, word(1_000)),
  frame('WINDOW_UPDATE', 0, 5, word(1_000)),
  frame('GOAWAY', 0, 0, word(0, 0)),
  frame(99, 1, 5, 'unknown'),
];

const SERVER: readonly string[] = [
  settings([4, 100], [1, 50], [3, 2], [5, 20_000]),
  ACK,
  answer(3, 'three'),
  answer(5, 'five'),
  frame('HEADERS', 0, 7, '\x88'),
  frame('CONTINUATION', WHOLE, 7, block('a', 'b')),
  frame('DATA', PADDED | END, 7, '\x02abc\0\0'),
  frame('DATA', 0, 9, 'a'.repeat(500)),
  frame('PUSH_PROMISE', WHOLE, 3, word(2) + request('/p', 'bob')),
  frame('RST_STREAM', 0, 9, word(2)),
  frame('PING', 0, 0, '12345678'),
  frame('WINDOW_UPDATE', 0, 0, word(1_000)),
  frame('WINDOW_UPDATE', 0, 7, word(1_000)),
  frame('GOAWAY', 0, 0, word(5, 0)),
  frame(99, 1, 5, 'unknown'),
];

/** Frames in any order, some of them twice, some bytes wrong, some missing. */
function mutated(frames: readonly string[], next: () => number): string {
  const pick = (count: number): number => Math.floor(next() * count);
  const chosen = Array.from({ length: 1 + pick(8) }, () => frames[pick(frames.length)]);
  return chosen
    .map((text) => {
      const bytes = Buffer.from(text, 'latin1');
      if (next() < 0.5) return text;
      if (next() < 0.3) bytes.writeUIntBE(pick(bytes.length), 0, 3);
      else bytes[pick(bytes.length)] = pick(256);
      return bytes.subarray(0, next() < 0.2 ? pick(bytes.length) : bytes.length).toString('latin1');
    })
    .join('');
}

describe('HTTP/2 with mutations', () => {
  it('from any side never throws, and ends when the client ends', async () => {
    for (let seed = 1; seed <= 3_000; seed++) {
      const next = random(seed);
      const scene = new Scene({ fallback: seed % 3 === 0 ? 'main' : 'error' });
      scene.client.send(HELLO + ask(1, '/first', next() < 0.7 ? 'alice' : 'bob'));
      if (next() < 0.8) scene.main.send(settings() + ACK);
      await settle();
      if (next() < 0.8) scene.picks[0]?.send(settings() + ACK + answer(1, 'first'));
      for (let round = 0; round < 4; round++) {
        const side = next();
        if (side < 0.5) scene.client.send(mutated(CLIENT, next));
        else if (side < 0.75) scene.main.send(mutated(SERVER, next));
        else scene.picks.at(-1)?.send(mutated(SERVER, next));
        if (next() < 0.1) scene.picks.at(-1)?.reset();
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (next() < 0.3) scene.main.end();
      await settle();
      scene.client.reset();
      await settle();
      equal(scene.over, 1, `seed ${seed}`);
      for (const side of [...scene.mains, ...scene.picks]) ok(side.isClosed, `seed ${seed}`);
    }
  });
});
