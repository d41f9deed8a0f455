import { deepEqual, equal, match, ok } from 'node:assert/strict';
import {
  ACK,
  answer,
  ask,
  block,
  END,
  frame,
  framesOf,
  HELLO,
  payloads,
  request,
  settings,
  streamsOf,
  WHOLE,
  word,
} from '../../support/http2-frames.ts';
import { settle } from './support/peer.ts';
import { Scene, type SceneOptions } from './support/scene.ts';

const HEAD = (path: string, who: string): string => `:method=GET :scheme=http :path=${path} :authority=a x-user=${who}`;

/** After the greetings of all three. */
async function greeted(options: SceneOptions = {}, hello = HELLO): Promise<Scene> {
  const scene = new Scene(options);
  scene.client.send(hello);
  scene.main.send(settings() + ACK);
  await settle();
  scene.client.send(ACK);
  await settle();
  return scene;
}

/** The same, with the picked side connected by a first request, which it has answered. */
async function split(hello = HELLO): Promise<Scene> {
  const scene = await greeted({}, hello);
  scene.client.send(ask(1, '/first', 'alice'));
  await settle();
  scene.picked.send(settings() + ACK + answer(1, 'first'));
  await settle();
  return scene;
}

const increments = (text: string, stream: number): number =>
  payloads(text, 'WINDOW_UPDATE', stream).reduce((sum, payload) => sum + payload.readUInt32BE(0), 0);

describe('HTTP/2 requests that are picked', () => {
  it('go to the picked side, the others to main, at every cut of the client', async () => {
    const text =
      ask(1, '/a', 'bob') +
      ask(3, '/b', 'alice') +
      frame('HEADERS', WHOLE, 5, request('/c', 'bob')) +
      frame('HEADERS', WHOLE, 7, request('/d', 'alice')) +
      frame('DATA', 0, 5, 'main ') +
      frame('DATA', 8, 7, '\x02picked \0\0') +
      frame('DATA', END, 5, 'body') +
      frame('DATA', 0, 7, 'body') +
      frame('HEADERS', END | WHOLE, 7, block('t', 'v')) +
      ask(9, '/e', 'bob');
    for (let cut = 1; cut < text.length; cut++) {
      const scene = await greeted();
      scene.client.send(text.slice(0, cut));
      await settle();
      scene.client.send(text.slice(cut));
      await settle();
      scene.picked.send(settings() + ACK);
      await settle();
      deepEqual(streamsOf(scene.main.received), {
        1: `${HEAD('/a', 'bob')}.`,
        5: `${HEAD('/c', 'bob')} | main  | body.`.replace('main  | body', joinedData(scene.main.received, 5)),
        9: `${HEAD('/e', 'bob')}.`,
      });
      deepEqual(bodyOf(scene.main.received, 5), 'main body');
      deepEqual(bodyOf(scene.picked.received, 7), 'picked body');
      match(streamsOf(scene.picked.received)[7] ?? '', /body \| t=v\.$/);
      equal(streamsOf(scene.picked.received)[3], `${HEAD('/b', 'alice')}.`);
    }
  });

  it('are answered beside main, at every cut of both', async () => {
    const fromMain =
      answer(1, 'from main') +
      frame('HEADERS', 0, 5, '\x88') +
      frame('CONTINUATION', WHOLE, 5, block('a', 'b')) +
      frame('DATA', END, 5, 'more');
    const fromPicked =
      settings() +
      ACK +
      answer(3, 'from picked') +
      frame('HEADERS', 0, 7, '\x88') +
      frame('CONTINUATION', WHOLE, 7, block('c', 'd')) +
      frame('DATA', END | 8, 7, '\x01more\0');
    for (let cut = 1; cut < Math.max(fromMain.length, fromPicked.length); cut++) {
      const scene = await greeted();
      scene.client.send(ask(1, '/a', 'bob') + ask(3, '/b', 'alice') + ask(5, '/c', 'bob') + ask(7, '/d', 'alice'));
      await settle();
      scene.main.send(fromMain.slice(0, cut));
      scene.picked.send(fromPicked.slice(0, cut));
      await settle();
      scene.picked.send(fromPicked.slice(cut));
      await settle();
      scene.main.send(fromMain.slice(cut));
      await settle();
      deepEqual(
        [1, 3, 5, 7].map((stream) => bodyOf(scene.client.received, stream)),
        ['from main', 'from picked', 'more', 'more'],
      );
      const heads = payloads(scene.client.received, 'HEADERS').length;
      equal(heads, 4);
    }
  });

  it('keep main inside its frames: its DATA that has begun before goes on as it is', async () => {
    const scene = await greeted();
    scene.client.send(ask(1, '/a', 'bob'));
    await settle();
    const data = frame('HEADERS', WHOLE, 1, block(':status', '200')) + frame('DATA', END, 1, 'a'.repeat(1_000));
    scene.main.send(data.slice(0, -500));
    await settle();
    scene.client.send(ask(3, '/b', 'alice') + frame('PING', 0, 0, '12345678'));
    await settle();
    scene.picked.send(settings() + ACK + answer(3, 'picked'));
    await settle();
    ok(scene.client.received.endsWith('a'));
    scene.main.send(data.slice(-500));
    await settle();
    ok(scene.client.received.includes(data));
    equal(bodyOf(scene.client.received, 3), 'picked');
  });

  it('share the client’s window with main: together never more than it has', async () => {
    const scene = await split(HELLO + settings([4, 1_000_000]));
    scene.main.send(ACK);
    await settle();
    scene.client.send(ask(3, '/p', 'alice') + ask(5, '/m', 'bob'));
    await settle();
    scene.picked.send(
      frame('HEADERS', WHOLE, 3, block(':status', '200')) + frame('DATA', 0, 3, 'p'.repeat(16_000)).repeat(3),
    );
    await settle();
    // Main believes that all of it is main's.
    scene.main.send(
      frame('HEADERS', WHOLE, 5, block(':status', '200')) + frame('DATA', 0, 5, 'm'.repeat(16_000)).repeat(4),
    );
    await settle();
    const got = (): number =>
      bodyOf(scene.client.received, 1).length +
      bodyOf(scene.client.received, 3).length +
      bodyOf(scene.client.received, 5).length;
    equal(got(), 65_535);
    const before = increments(scene.main.received, 0);
    scene.client.send(frame('WINDOW_UPDATE', 0, 0, word(40_000)));
    await settle();
    equal(got(), 105_535);
    // What the picked side has used up is paid first.
    equal(increments(scene.main.received, 0) - before, 0);
    scene.client.send(frame('WINDOW_UPDATE', 0, 0, word(40_000)));
    await settle();
    equal(got(), 5 + 48_000 + 64_000);
    equal(increments(scene.main.received, 0) - before, 80_000 - 48_005);
  });

  it('return to main the window of DATA that it took back itself', async () => {
    const scene = await split();
    scene.client.send(ask(3, '/p', 'alice') + ask(5, '/m', 'bob'));
    await settle();
    scene.picked.send(
      frame('HEADERS', WHOLE, 3, block(':status', '200')) + frame('DATA', 0, 3, 'p'.repeat(16_000)).repeat(4),
    );
    await settle();
    scene.main.send(
      frame('HEADERS', WHOLE, 5, block(':status', '200')) +
        frame('DATA', 0, 5, 'm'.repeat(16_000)).repeat(3) +
        frame('RST_STREAM', 0, 5, word(2)),
    );
    await settle();
    const sent = bodyOf(scene.client.received, 5).length;
    ok(sent < 16_000);
    const debt = 5 + 64_000 - (48_000 - sent);
    scene.client.send(frame('WINDOW_UPDATE', 0, 0, word(60_000)));
    await settle();
    equal(increments(scene.main.received, 0), 60_000 - debt);
    match(streamsOf(scene.client.received)[5] ?? '', /RST 2 \| $/);
  });

  it('obey the client’s window for each stream, lowered at once, raised with main’s acknowledgement', async () => {
    const scene = await split(HELLO + settings([4, 100]));
    scene.main.send(ACK);
    scene.client.send(ask(3, '/p', 'alice'));
    await settle();
    scene.picked.send(frame('HEADERS', WHOLE, 3, block(':status', '200')) + frame('DATA', END, 3, 'p'.repeat(2_000)));
    await settle();
    equal(bodyOf(scene.client.received, 3).length, 100);
    scene.client.send(settings([4, 500]));
    await settle();
    equal(bodyOf(scene.client.received, 3).length, 100);
    scene.main.send(ACK);
    await settle();
    equal(bodyOf(scene.client.received, 3).length, 500);
    scene.client.send(settings([4, 0]) + frame('WINDOW_UPDATE', 0, 3, word(600)));
    await settle();
    equal(bodyOf(scene.client.received, 3).length, 600);
    deepEqual(
      payloads(scene.picked.received, 'SETTINGS')
        .map((payload) => payload.toString('hex'))
        .filter((text) => text.startsWith('0004')),
      ['0004000001f4', '000400000000'],
    );
  });

  it('give the client its window back for uploads, as the picked side takes them', async () => {
    const scene = await split();
    scene.client.send(
      frame('HEADERS', WHOLE, 3, request('/u', 'alice')) +
        frame('DATA', 8, 3, '\x09' + 'u'.repeat(16_000) + '\0'.repeat(9)).repeat(4),
    );
    await settle();
    equal(increments(scene.client.received, 0), 4 * 16_010);
    equal(increments(scene.client.received, 3), 4 * 16_010);
    equal(bodyOf(scene.picked.received, 3).length, 64_000);
    scene.client.send(frame('DATA', 0, 3, 'u'.repeat(16_000)));
    await settle();
    // The picked side's connection is full; the client's is not, so that others can go on.
    equal(bodyOf(scene.picked.received, 3).length, 65_535);
    equal(increments(scene.client.received, 0), 4 * 16_010 + 16_000);
    equal(increments(scene.client.received, 3), 4 * 16_010 + 1_535);
  });

  it('begin with the size of the header table that the client has announced', async () => {
    const scene = await split();
    scene.client.send(settings([1, 100]) + ask(3, '/b', 'alice'));
    scene.main.send(ACK);
    await settle();
    scene.picked.send(answer(3, 'b'));
    await settle();
    equal(payloads(scene.client.received, 'HEADERS', 3)[0]?.subarray(0, 2).toString('hex'), '3f45');
  });

  it('are reset both ways', async () => {
    const scene = await split();
    scene.client.send(
      ask(3, '/a', 'alice') + frame('HEADERS', WHOLE, 5, request('/b', 'alice')) + frame('RST_STREAM', 0, 3, word(8)),
    );
    await settle();
    equal(streamsOf(scene.picked.received)[3], `${HEAD('/a', 'alice')}.RST 8 | `);
    scene.picked.send(answer(3, 'late') + frame('RST_STREAM', 0, 5, word(11)));
    scene.client.send(frame('DATA', 0, 5, 'late'));
    await settle();
    deepEqual([streamsOf(scene.client.received)[3], streamsOf(scene.client.received)[5]], [undefined, 'RST 11 | ']);
    equal(increments(scene.client.received, 0), 4);
  });

  it('outlive main’s end, and see no GOAWAY that is not theirs', async () => {
    const scene = await split();
    scene.client.send(ask(3, '/m', 'bob') + ask(5, '/p', 'alice'));
    await settle();
    scene.main.send(frame('GOAWAY', 0, 0, word(1, 0)));
    await settle();
    deepEqual(
      payloads(scene.client.received, 'GOAWAY').map((payload) => payload.readUInt32BE(0)),
      [5],
    );
    equal(streamsOf(scene.client.received)[3], 'RST 7 | ');
    scene.main.end();
    await settle();
    equal(scene.client.hasEnded, false);
    scene.picked.send(answer(5, 'picked'));
    await settle();
    deepEqual([bodyOf(scene.client.received, 5), scene.client.hasEnded], ['picked', true]);
    scene.client.end();
    await settle();
    equal(scene.over, 1);
  });

  it('go again when the picked side says that it has not looked at them', async () => {
    const scene = await split();
    scene.client.send(
      ask(3, '/a', 'alice') + frame('HEADERS', WHOLE, 5, request('/b', 'alice')) + frame('DATA', 0, 5, 'x'),
    );
    await settle();
    scene.picked.send(frame('GOAWAY', 0, 0, word(1, 0)));
    await settle();
    equal(scene.picks.length, 2);
    equal(streamsOf(scene.client.received)[5], 'RST 7 | ');
    scene.picked.send(settings() + ACK + answer(3, 'again'));
    await settle();
    equal(bodyOf(scene.client.received, 3), 'again');
  });

  it('answer PINGs that main has not caused itself', async () => {
    const scene = await split();
    scene.client.send(
      frame('PING', 0, 0, 'first   ') + frame('PING', 0, 0, 'second  ') + frame('PING', 0, 0, 'third   '),
    );
    await settle();
    deepEqual(payloads(scene.main.received, 'PING').map(String), ['first   ']);
    deepEqual(payloads(scene.client.received, 'PING').map(String), ['second  ', 'third   ']);
  });

  it('are told by 502, or UNAVAILABLE in gRPC, when the picked side is down', async () => {
    const scene = await greeted({ refusal: () => 'connection refused' });
    const grpc = request('/g', 'alice', 'content-type', 'application/grpc');
    scene.client.send(ask(1, '/a', 'alice') + frame('HEADERS', WHOLE, 3, grpc) + ask(5, '/m', 'bob'));
    await settle();
    const streams = streamsOf(scene.client.received);
    match(streams[1] ?? '', /^:status=502 server=mirrord .*not answered: connection refused\n\.$/);
    match(
      streams[3] ?? '',
      /^:status=200 content-type=application\/grpc grpc-status=14 grpc-message=mirrord:%20this.*\.RST 0 \| $/,
    );
    equal(streamsOf(scene.main.received)[5], `${HEAD('/m', 'bob')}.`);
    deepEqual(
      scene.failures.map(({ target, reason, fellBack }) => [target, reason, fellBack]),
      [
        ['/a', 'connection refused', false],
        ['/g', 'connection refused', false],
      ],
    );
  });

  it('are told by 502 when what answers is no HTTP/2, and by a reset in the middle of an answer', async () => {
    const scene = await greeted();
    scene.client.send(ask(1, '/a', 'alice'));
    await settle();
    scene.picked.send('HTTP/1.1 400 Bad Request\r\n\r\n');
    await settle();
    match(streamsOf(scene.client.received)[1] ?? '', /^:status=502 .*not HTTP\/2/);
    const cut = await split();
    cut.client.send(ask(3, '/a', 'alice'));
    await settle();
    cut.picked.send(frame('HEADERS', WHOLE, 3, block(':status', '200')) + frame('DATA', 0, 3, 'half'));
    cut.picked.end();
    await settle();
    equal(streamsOf(cut.client.received)[3], ':status=200 | half | RST 2 | ');
  });

  it('go to main instead where asked, in their order', async () => {
    const scene = await greeted({ refusal: () => 'connection refused', fallback: 'main' });
    const text =
      ask(1, '/a', 'alice') +
      frame('HEADERS', WHOLE, 3, request('/b', 'alice')) +
      frame('DATA', END, 3, 'x') +
      ask(5, '/m', 'bob');
    scene.client.send(text);
    await settle();
    equal(scene.main.received, HELLO + ACK + text);
    deepEqual(
      scene.failures.map(({ fellBack }) => fellBack),
      [true, true],
    );
    const there = await greeted({ fallback: 'main' });
    there.client.send(text);
    await settle();
    there.picked.send(settings() + ACK);
    await settle();
    deepEqual(
      [Object.keys(streamsOf(there.picked.received)), Object.keys(streamsOf(there.main.received))],
      [['1', '3'], ['5']],
    );
    equal(there.picks.length, 1);
  });

  it('end with everything else when the client resets, or the session ends', async () => {
    for (const act of [(scene: Scene) => scene.client.reset(), (scene: Scene) => scene.split.reset()]) {
      const scene = await split();
      act(scene);
      await settle();
      deepEqual([scene.main.wasReset, scene.picked.wasReset, scene.over], [true, true, 1]);
    }
  });
});

describe('HTTP/2 requests judged by their bodies', () => {
  const filter = { all_of: [{ body: 'json', query: '$.user', matches: '^alice$' }] } as const;
  const post = (stream: number, body: string): string =>
    frame('HEADERS', WHOLE, stream, request('/p', 'bob')) +
    frame('DATA', 0, stream, body.slice(0, 4)) +
    frame('DATA', END | 8, stream, '\x02' + body.slice(4) + '\0\0');

  it('go where their bodies want, and main gets the rest in its order, at every cut', async () => {
    const text =
      post(1, '{"user":"bob"}') + post(3, '{"user":"alice"}') + ask(5, '/none', 'bob') + post(7, '{"user":"carol"}');
    for (let cut = 1; cut < text.length; cut++) {
      const scene = await greeted({ filter });
      scene.client.send(text.slice(0, cut));
      await settle();
      scene.client.send(text.slice(cut));
      await settle();
      scene.picked.send(settings() + ACK);
      await settle();
      deepEqual(
        [1, 5, 7].map((stream) => unpadded(scene.main.received, stream)),
        ['{"user":"bob"}', '', '{"user":"carol"}'],
      );
      equal(bodyOf(scene.picked.received, 3), '{"user":"alice"}');
      deepEqual(Object.keys(streamsOf(scene.picked.received)), ['3']);
    }
  });

  it('wait for each other, whichever body ends first', async () => {
    const scene = await greeted({ filter });
    const head = (stream: number): string => frame('HEADERS', WHOLE, stream, request('/p', 'bob'));
    scene.client.send(
      head(1) + frame('DATA', 0, 1, '{"user":') + post(3, '{"user":"alice"}') + head(5) + post(7, '{"user":"bob"}'),
    );
    scene.client.send(frame('DATA', END, 1, '"bob"}') + frame('DATA', END, 5, '{"user":"alice"}'));
    await settle();
    scene.picked.send(settings() + ACK);
    await settle();
    deepEqual(Object.keys(streamsOf(scene.main.received)), ['1', '7']);
    deepEqual(
      [bodyOf(scene.picked.received, 3), bodyOf(scene.picked.received, 5)],
      ['{"user":"alice"}', '{"user":"alice"}'],
    );
  });

  it('go to main when the body is late, too long, broken off or reset', async () => {
    const head = frame('HEADERS', WHOLE, 1, request('/p', 'bob'));
    const start = frame('DATA', 0, 1, '{"user":"alice"');
    for (const rest of [
      frame('DATA', 0, 1, ' '.repeat(16_000)).repeat(5),
      frame('RST_STREAM', 0, 1, word(8)),
      frame('PING', 0, 0, '12345678').repeat(1_001),
    ]) {
      const scene = await greeted({ filter });
      scene.client.send(head + start + rest);
      await settle();
      equal(scene.main.received, HELLO + ACK + head + start + rest);
    }
    const ended = await greeted({ filter });
    ended.client.send(head + start);
    ended.client.end();
    await settle();
    deepEqual([ended.main.received, ended.main.hasEnded], [HELLO + ACK + head + start, true]);
    const late = await greeted({ filter });
    late.client.send(head + start);
    await settle();
    equal(late.main.received, HELLO + ACK);
    for (const end = performance.now() + 5_000; late.main.received === HELLO + ACK && performance.now() < end;)
      await settle();
    equal(late.main.received, HELLO + ACK + head + start);
  });
});

describe('floods of HTTP/2 after a request was picked', () => {
  const goaway = (scene: Scene): number | undefined => payloads(scene.client.received, 'GOAWAY')[0]?.readUInt32BE(4);
  const FLOODS: Readonly<Record<string, readonly [string, number]>> = {
    'CONTINUATION without end': [frame('HEADERS', END, 3) + frame('CONTINUATION', 0, 3).repeat(600), 11],
    'a block of a megabyte': [
      frame('HEADERS', END, 3, 'x') + frame('CONTINUATION', 0, 3, 'x'.repeat(16_000)).repeat(70),
      11,
    ],
    'fields of 36 MB in 15 kB': [
      frame('HEADERS', END | WHOLE, 3, `\x40\x01x\x7f\xb9\x16${'a'.repeat(3_000)}${'\xbe'.repeat(12_000)}`),
      11,
    ],
    'a frame that is too long': [frame('DATA', 0, 3, 'x'.repeat(20_000)), 6],
    'a window that is too large': [frame('WINDOW_UPDATE', 0, 0, word(0x7fffffff)).repeat(2), 3],
    'a block that cannot be read': [frame('HEADERS', END | WHOLE, 3, '\xff\xff\0'), 9],
    'RST_STREAM of another length': [ask(3, '/a', 'alice') + frame('RST_STREAM', 0, 3, '\0'), 6],
  };
  for (const [name, [text, code]] of Object.entries(FLOODS)) {
    it(`end the connection: ${name}`, async () => {
      const scene = await split();
      scene.client.send(text);
      await settle();
      deepEqual(
        [goaway(scene), scene.client.hasEnded, scene.main.wasReset, scene.picked.wasReset],
        [code, true, true, true],
      );
    });
  }

  it('rapid resets leave nothing behind', async () => {
    const scene = await split();
    const count = 20_000;
    let text = '';
    for (let stream = 3; stream < 3 + 2 * count; stream += 2)
      text += ask(stream, '/a', 'alice') + frame('RST_STREAM', 0, stream, word(8));
    scene.client.send(text);
    await settle();
    // Those that were never opened there need no reset.
    ok(payloads(scene.picked.received, 'RST_STREAM').length <= count);
    scene.client.send(ask(3 + 2 * count, '/last', 'alice'));
    await settle();
    scene.picked.send(answer(3 + 2 * count, 'last'));
    await settle();
    equal(bodyOf(scene.client.received, 3 + 2 * count), 'last');
  });

  it('of streams are refused above a number', async () => {
    const scene = await greeted();
    let text = '';
    for (let stream = 1; stream < 4_100; stream += 2) text += ask(stream, '/a', 'alice');
    scene.client.send(text);
    await settle();
    equal(payloads(scene.client.received, 'RST_STREAM').filter((payload) => payload.readUInt32BE(0) === 7).length, 50);
  });

  it('of SETTINGS that main does not acknowledge stop the client', async () => {
    const scene = await split();
    for (let count = 0; count < 2_000; count++) scene.client.send(settings([4, count]));
    await settle();
    equal(scene.client.isPaused, true);
    scene.main.send(ACK.repeat(1_500));
    await settle();
    equal(scene.client.isPaused, false);
  });

  it('of PINGs stop a client that does not read the answers', async () => {
    const scene = await split();
    scene.client.isFull = true;
    for (let count = 0; count < 100; count++) scene.client.send(frame('PING', 0, 0, '12345678'));
    await settle();
    equal(scene.client.isPaused, true);
    ok(payloads(scene.client.received, 'PING').length < 5);
  });

  it('of empty DATA, and of one byte each, cost little', async () => {
    const scene = await greeted();
    scene.client.send(frame('HEADERS', WHOLE, 1, request('/u', 'alice')));
    for (let count = 0; count < 100; count++)
      scene.client.send(frame('DATA', 0, 1).repeat(100) + frame('DATA', 0, 1, 'x').repeat(100));
    await settle();
    scene.picked.send(settings() + ACK);
    await settle();
    equal(bodyOf(scene.picked.received, 1), 'x'.repeat(10_000));
    ok(payloads(scene.picked.received, 'DATA').length < 10);
  });
});

/** The DATA of a stream. */
function bodyOf(text: string, stream: number): string {
  return payloads(text, 'DATA', stream)
    .map((payload) => payload.toString('latin1'))
    .join('');
}

/** The same where frames may be padded. */
function unpadded(text: string, stream: number): string {
  const data = framesOf(text).filter((one) => one.type === 0 && one.stream === stream);
  return data
    .map(({ flags, bytes, from, to }) =>
      ((flags & 8) === 0 ? bytes.subarray(from, to) : bytes.subarray(from + 1, to - bytes[from])).toString('latin1'),
    )
    .join('');
}

/** How a body came: cut where the client's bytes were. */
function joinedData(text: string, stream: number): string {
  return payloads(text, 'DATA', stream)
    .map((payload) => payload.toString('latin1'))
    .join(' | ');
}
