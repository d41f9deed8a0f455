import { deepEqual, equal } from 'node:assert/strict';
import { HTTP1_SHAPES } from '../../support/http1-shapes.ts';
import { settle, type Peer } from './support/peer.ts';
import { ALICE, answering, Scene } from './support/scene.ts';

describe('HTTP/1 shapes of the main side', () => {
  for (const [name, text] of Object.entries(HTTP1_SHAPES)) {
    it(`${name}, cut at every byte, as if main were asked directly`, async () => {
      for (let cut = 1; cut <= text.length; cut++) await passes(text, [text.slice(0, cut), text.slice(cut)]);
      await passes(text, text.split(''));
    });
  }

  it('a head that is too long', async () => {
    const text = `GET / HTTP/1.1\r\n${'X-User: alice\r\n'.repeat(70_000)}\r\n${ALICE}`;
    await passes(text, [text]);
    await passes(text, text.match(/[^]{1,60000}/g) as string[]);
  });

  it('a first line without end', async () => {
    const text = `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nX-User: alice\r\n\r\n`;
    await passes(text, text.match(/[^]{1,5000}/g) as string[]);
  });
});

async function passes(text: string, parts: readonly string[]): Promise<void> {
  const echo = (peer: Peer): void => {
    sent.set(peer, sent.get(peer) ?? 0);
    peer.send(peer.received.slice(sent.get(peer)));
    sent.set(peer, peer.received.length);
  };
  const sent = new Map<Peer, number>();
  // An echo is no answer in HTTP either: whatever main says comes back.
  for (const main of [echo, answering('main')]) {
    const scene = new Scene({ main });
    for (const part of parts) scene.client.send(part);
    scene.client.end();
    await settle();
    equal(scene.main.received, text);
    deepEqual([scene.mains.length, scene.picks.length, scene.main.hasEnded], [1, 0, true]);
    if (main === echo) equal(scene.client.received, text);
    scene.main.end();
    await settle();
    deepEqual([scene.client.hasEnded, scene.client.wasReset, scene.over], [true, false, 1]);
  }
}
