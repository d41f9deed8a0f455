import { deepEqual, equal } from 'node:assert/strict';
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
import { settle } from './support/peer.ts';
import { Scene } from './support/scene.ts';

const PADDED = 8;
const PRIORITY = 0x20;
const big = request('/big', 'bob', 'x-big', 'b'.repeat(300));

/** What a client may send to which no filter applies. */
const CLIENT: Readonly<Record<string, string>> = {
  'requests, with all that belongs to them':
    HELLO +
    ask(1, '/a', 'bob') +
    frame('HEADERS', WHOLE | PADDED | PRIORITY, 3, '\x04' + word(1) + '\x10' + request('/b', 'bob') + '\0'.repeat(4)) +
    frame('DATA', PADDED, 3, '\x03abc\0\0\0') +
    frame('DATA', 0, 3) +
    frame('HEADERS', END | WHOLE, 3, block('trailer', 'x')) +
    frame('PRIORITY', 0, 5, word(1) + '\x05') +
    frame('HEADERS', END, 5, big.slice(0, 10)) +
    frame('CONTINUATION', 0, 5) +
    frame('CONTINUATION', WHOLE, 5, big.slice(10)) +
    settings([4, 100_000], [1, 0]) +
    ACK +
    frame('PING', 0, 0, '12345678') +
    frame('WINDOW_UPDATE', 0, 0, word(1_000)) +
    frame('RST_STREAM', 0, 1, word(8)) +
    frame(250, 7, 9, 'unknown') +
    frame('GOAWAY', 0, 0, word(0, 0)),
  'a block that cannot be read': HELLO + frame('HEADERS', END | WHOLE, 1, '\xff\xff\0') + ask(3, '/m', 'alice'),
  'CONTINUATION of another stream':
    HELLO +
    frame('HEADERS', END, 1, big.slice(0, 10)) +
    frame('CONTINUATION', WHOLE, 3, big.slice(10)) +
    ask(5, '/m', 'alice'),
  'DATA inside a block':
    HELLO + frame('HEADERS', END, 1, big.slice(0, 10)) + frame('DATA', 0, 1, 'x') + ask(3, '/m', 'alice'),
  'CONTINUATION out of nothing':
    HELLO + frame('CONTINUATION', WHOLE, 1, request('/m', 'alice')) + ask(3, '/m', 'alice'),
  'more padding than frame':
    HELLO + frame('HEADERS', WHOLE | PADDED, 1, '\xff' + big.slice(0, 9)) + ask(3, '/m', 'alice'),
  'a frame that is too long': HELLO + frame('SETTINGS', 0, 0, '\0'.repeat(17_000)).slice(0, 400),
  'half a frame': HELLO + ask(1, '/a', 'bob') + ask(3, '/m', 'alice').slice(0, -1),
  'half a preface': HELLO.slice(0, 20),
  'a preface with another end': HELLO.slice(0, 22) + 'XX' + ask(1, '/m', 'alice'),
};

const MAIN =
  settings([3, 100], [4, 1_000_000], [5, 20_000]) +
  ACK +
  frame('WINDOW_UPDATE', 0, 0, word(70_000)) +
  answer(1, 'hello') +
  frame('HEADERS', 0, 3, '\x88') +
  frame('CONTINUATION', WHOLE, 3, block('a', 'b')) +
  frame('DATA', PADDED, 3, '\x02ab\0\0') +
  frame('PUSH_PROMISE', WHOLE, 3, word(2) + request('/pushed', 'bob')) +
  frame('HEADERS', END | WHOLE, 3, block('trailer', 'y')) +
  frame('PING', 1, 0, '12345678') +
  frame('RST_STREAM', 0, 5, word(2)) +
  frame(77, 1, 0, 'unknown') +
  frame('GOAWAY', 0, 0, word(5, 0));

describe('HTTP/2 that is not picked', () => {
  for (const [name, text] of Object.entries(CLIENT)) {
    it(`goes to main byte for byte: ${name}, cut at every byte`, async () => {
      for (let cut = 1; cut <= text.length; cut++) {
        const scene = new Scene();
        scene.client.send(text.slice(0, cut));
        scene.client.send(text.slice(cut));
        scene.client.end();
        await settle();
        equal(scene.main.received, text);
        deepEqual([scene.mains.length, scene.picks.length, scene.main.hasEnded], [1, 0, true]);
        scene.main.send(MAIN);
        scene.main.end();
        await settle();
        equal(scene.client.received, MAIN);
        deepEqual([scene.client.hasEnded, scene.client.wasReset, scene.over], [true, false, 1]);
      }
    });
  }

  it('comes back byte for byte, cut at every byte, also when main begins', async () => {
    for (const isFirst of [false, true]) {
      for (let cut = 1; cut < MAIN.length; cut++) {
        const scene = new Scene();
        if (!isFirst) scene.client.send(HELLO + ask(1, '/a', 'bob'));
        await settle();
        scene.main.send(MAIN.slice(0, cut));
        await settle();
        if (isFirst) scene.client.send(HELLO + ask(1, '/a', 'bob'));
        scene.main.send(MAIN.slice(cut));
        await settle();
        equal(scene.client.received, MAIN);
      }
    }
  });

  it('passes what main sends that cannot be read, and all that follows', async () => {
    const scene = new Scene();
    scene.client.send(HELLO + ask(1, '/a', 'bob'));
    await settle();
    const text = `HTTP/1.1 400 Bad Request\r\n${'X: a\r\n'.repeat(100)}`;
    scene.main.send(text);
    scene.client.send(ask(3, '/m', 'alice'));
    await settle();
    equal(scene.client.received, text);
    equal(scene.main.received, HELLO + ask(1, '/a', 'bob') + ask(3, '/m', 'alice'));
  });

  it('is closed and reset as main is', async () => {
    const refused = new Scene();
    refused.main.reset();
    await settle();
    deepEqual([refused.client.wasReset, refused.over], [true, 1]);
    const reset = new Scene();
    reset.client.send(HELLO + ask(1, '/a', 'bob'));
    await settle();
    reset.main.reset();
    await settle();
    deepEqual([reset.client.wasReset, reset.over], [true, 1]);
    const ended = new Scene();
    ended.split.reset();
    await settle();
    deepEqual([ended.client.wasReset, ended.main.wasReset, ended.over], [true, true, 1]);
  });
});
