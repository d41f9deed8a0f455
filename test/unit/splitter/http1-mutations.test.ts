import { equal, ok } from 'node:assert/strict';
import { random } from '../support/mux-pair.ts';
import { settle } from './support/peer.ts';
import { ALICE, PLAIN, Scene } from './support/scene.ts';

const CLIENT: readonly string[] = [
  PLAIN,
  ALICE,
  'POST /p HTTP/1.1\r\nX-User: alice\r\nContent-Length: 5\r\n\r\nhello',
  'POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: v\r\n\r\n',
  'POST /p HTTP/1.1\r\nX-User: alice\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'GET /u HTTP/1.1\r\nX-User: alice\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  'HEAD / HTTP/1.0\r\nX-User: alice\r\n\r\n',
];

const SERVER: readonly string[] = [
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\nuntil the end',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\n\r\n',
];

describe('HTTP/1 with mutations', () => {
  it('from any side never throws, and ends when the client ends', async () => {
    for (let seed = 1; seed <= 3_000; seed++) {
      const next = random(seed);
      const pick = (count: number): number => Math.floor(next() * count);
      const mutated = (texts: readonly string[]): string =>
        Array.from({ length: 1 + pick(3) }, () => {
          const bytes = Buffer.from(texts[pick(texts.length)], 'latin1');
          if (next() < 0.3) bytes[pick(bytes.length)] = pick(256);
          return bytes.subarray(0, next() < 0.1 ? pick(bytes.length) : bytes.length).toString('latin1');
        }).join('');
      const scene = new Scene({
        fallback: seed % 3 === 0 ? 'main' : 'error',
        refusal: () => (seed % 5 === 0 ? 'no' : undefined),
      });
      for (let round = 0; round < 6; round++) {
        const side = next();
        if (side < 0.4) scene.client.send(mutated(CLIENT));
        else if (side < 0.7) scene.main.send(mutated(SERVER));
        else scene.picks.at(-1)?.send(mutated(SERVER));
        if (next() < 0.1) scene.picks.at(-1)?.reset();
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (next() < 0.3) scene.main.end();
      if (next() < 0.3) scene.picks.at(-1)?.end();
      await settle();
      scene.client.reset();
      await settle();
      equal(scene.over, 1, `seed ${seed}`);
      for (const side of [...scene.mains, ...scene.picks]) ok(side.isClosed, `seed ${seed}`);
    }
  });
});
