import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { settle } from './support/peer.ts';
import { ALICE, answering, PLAIN, Scene } from './support/scene.ts';

const bodies = (text: string): readonly string[] => text.match(/(?:main|picked)\d+/g) ?? [];
const sides = { main: answering('main'), picked: answering('picked') };
const POST = (headers: string, body: string): string => `POST /p HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('HTTP/1 requests that are picked', () => {
  it('are answered in the order of the requests, at every cut', async () => {
    const text = PLAIN + ALICE + PLAIN + PLAIN + ALICE + ALICE + PLAIN;
    for (let cut = 1; cut < text.length; cut++) {
      const scene = new Scene(sides);
      scene.client.send(text.slice(0, cut));
      scene.client.send(text.slice(cut));
      await settle();
      deepEqual(bodies(scene.client.received), ['main1', 'picked1', 'main2', 'main3', 'picked2', 'picked3', 'main4']);
      deepEqual([scene.main.received, scene.picked.received], [PLAIN.repeat(4), ALICE.repeat(3)]);
      deepEqual([scene.mains.length, scene.picks.length], [1, 1]);
    }
  });

  it('are told one by one', async () => {
    const scene = new Scene(sides);
    scene.client.send(PLAIN + ALICE);
    await settle();
    deepEqual(scene.requests, [
      { version: '1.1', method: 'GET', target: '/plain', isPicked: false },
      { version: '1.1', method: 'GET', target: '/alice', isPicked: true },
    ]);
  });

  it('take their bodies with them, chunked or not', async () => {
    const chunked = POST('X-User: alice\r\nTransfer-Encoding: chunked\r\n', '5;a=b\r\nhello\r\n0\r\nT: v\r\n\r\n');
    const counted = POST('X-User: alice\r\nContent-Length: 5\r\n', 'GET /');
    const text = chunked + counted + PLAIN;
    for (let cut = 1; cut < text.length; cut++) {
      const scene = new Scene(sides);
      scene.client.send(text.slice(0, cut));
      scene.client.send(text.slice(cut));
      await settle();
      equal(scene.picked.received, chunked + counted);
      deepEqual(bodies(scene.client.received), ['picked1', 'picked2', 'main1']);
    }
  });

  it('pass 100 Continue and other interim answers on', async () => {
    const scene = new Scene();
    scene.client.send(POST('X-User: alice\r\nExpect: 100-continue\r\nContent-Length: 2\r\n', ''));
    await settle();
    scene.picked.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n');
    await settle();
    equal(scene.client.received, 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n');
    scene.client.send('hi');
    await settle();
    ok(scene.picked.received.endsWith('\r\n\r\nhi'));
    scene.picked.send(ANSWER);
    scene.client.send(PLAIN);
    await settle();
    equal(scene.main.received, PLAIN);
  });

  for (const [name, request, side] of [
    ['picked', 'GET /ws HTTP/1.1\r\nX-User: alice\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', 'picked'],
    ['main', 'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', 'main'],
    ['main by CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 'main'],
  ] as const) {
    it(`become another protocol on the side of ${name}`, async () => {
      const scene = new Scene();
      scene.client.send(request + ALICE);
      await settle();
      const upgraded = scene[side];
      equal(upgraded.received, request);
      upgraded.send(`HTTP/1.1 ${side === 'main' && name !== 'main' ? 200 : 101} OK\r\n\r\n\x81\x02hi`);
      await settle();
      ok(scene.client.received.endsWith('\r\n\r\n\x81\x02hi'));
      equal(upgraded.received, request + ALICE);
      upgraded.send('bye');
      upgraded.end();
      scene.client.send('\0' + PLAIN);
      scene.client.end();
      await settle();
      deepEqual([upgraded.received, upgraded.hasEnded], [request + ALICE + '\0' + PLAIN, true]);
      ok(scene.client.received.endsWith('bye'));
      deepEqual([scene.client.hasEnded, scene.over], [true, 1]);
    });
  }

  it('stay HTTP when an upgrade is declined', async () => {
    const scene = new Scene(sides);
    scene.client.send('GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n' + ALICE + PLAIN);
    await settle();
    deepEqual(bodies(scene.client.received), ['main1', 'picked1', 'main2']);
  });

  it('have answers without a body, of unknown length, and to HEAD', async () => {
    const scene = new Scene();
    const head = ALICE.replace('GET', 'HEAD');
    scene.client.send(head + ALICE + ALICE + PLAIN);
    await settle();
    scene.picked.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
    await settle();
    equal(scene.picked.received, head + ALICE);
    scene.picked.send('HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n');
    await settle();
    equal(scene.picked.received, head + ALICE + ALICE);
    scene.picked.send('HTTP/1.1 200 OK\r\n\r\nuntil the end');
    await settle();
    equal(scene.main.received, '');
    scene.picked.end();
    await settle();
    ok(scene.client.received.endsWith('until the end'));
    deepEqual([scene.client.hasEnded, scene.client.wasReset], [true, false]);
  });

  it('close the connection where their answer says so', async () => {
    const scene = new Scene();
    scene.client.send(ALICE);
    await settle();
    scene.picked.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
    await settle();
    deepEqual([scene.client.hasEnded, scene.over], [true, 0]);
    scene.client.end();
    await settle();
    deepEqual([scene.client.wasReset, scene.over, scene.main.wasReset], [false, 1, true]);
  });

  it('do not close the connection when their side hangs up between two of them', async () => {
    const scene = new Scene(sides);
    scene.client.send(ALICE);
    await settle();
    scene.picked.end();
    await settle();
    scene.client.send(ALICE + PLAIN);
    await settle();
    deepEqual(bodies(scene.client.received), ['picked1', 'picked1', 'main1']);
    equal(scene.picks.length, 2);
  });

  it('go again when their side hung up just then, unless that could do it twice', async () => {
    for (const [request, picks] of [
      [ALICE, 2],
      [POST('X-User: alice\r\nContent-Length: 2\r\n', 'hi'), 1],
    ] as const) {
      const scene = new Scene();
      scene.client.send(ALICE);
      await settle();
      scene.picked.send(ANSWER);
      await settle();
      scene.client.send(request);
      await settle();
      scene.picked.end();
      await settle();
      equal(scene.picks.length, picks);
      if (picks === 2) equal(scene.picked.received, request);
      else match(scene.client.received, /502 Bad Gateway.*the connection was closed\n$/s);
    }
  });

  it('leave an idle main side alone, and dial it anew when it has hung up', async () => {
    const scene = new Scene(sides);
    scene.client.send(ALICE);
    await settle();
    scene.main.send('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
    scene.main.end();
    await settle();
    scene.client.send(ALICE + PLAIN);
    await settle();
    deepEqual(bodies(scene.client.received), ['picked1', 'picked2', 'main1']);
    equal(scene.mains.length, 2);
    ok(!scene.client.received.includes('408'));
  });

  it('stop with a reset, or an end, where their answer does', async () => {
    for (const how of ['reset', 'end'] as const) {
      const scene = new Scene();
      scene.client.send(ALICE);
      await settle();
      scene.picked.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      await settle();
      scene.picked[how]();
      await settle();
      deepEqual([scene.client.wasReset, scene.client.hasEnded], [how === 'reset', how === 'end']);
      ok(scene.client.received.endsWith('half'));
    }
  });

  it('are closed for the picked side when the client has ended, and the client when it is answered', async () => {
    const scene = new Scene(sides);
    scene.client.send(ALICE);
    scene.client.end();
    await settle();
    deepEqual(bodies(scene.client.received), ['picked1']);
    deepEqual([scene.client.hasEnded, scene.over, scene.main.hasEnded], [true, 1, true]);
  });

  it('reset all sides when the client does, or when the session ends', async () => {
    for (const act of [(scene: Scene) => scene.client.reset(), (scene: Scene) => scene.split.reset()]) {
      const scene = new Scene();
      scene.client.send(ALICE);
      await settle();
      act(scene);
      await settle();
      deepEqual([scene.main.wasReset, scene.picked.wasReset, scene.over], [true, true, 1]);
    }
  });

  it('answer early, while their body still comes', async () => {
    const scene = new Scene();
    scene.client.send(POST('X-User: alice\r\nContent-Length: 8\r\n', 'half'));
    await settle();
    scene.picked.send(ANSWER);
    await settle();
    ok(scene.client.received.endsWith('ok'));
    scene.client.send('half' + PLAIN);
    await settle();
    ok(scene.picked.received.endsWith('halfhalf'));
    equal(scene.main.received, PLAIN);
  });

  it('smuggle nothing to main behind a chunk that is none', async () => {
    const scene = new Scene(sides);
    scene.client.send(POST('X-User: alice\r\nTransfer-Encoding: chunked\r\n', 'zz\r\n') + PLAIN);
    await settle();
    deepEqual([scene.main.received, scene.client.wasReset], ['', true]);
  });
});

describe('a picked side that does not answer', () => {
  it('is told by a 502 that names the tool, and the connection goes on', async () => {
    let refusal: string | undefined = 'connection refused';
    const scene = new Scene({ ...sides, refusal: () => refusal });
    scene.client.send(ALICE + PLAIN);
    await settle();
    match(scene.client.received, /^HTTP\/1\.1 502 Bad Gateway\r\nServer: mirrord\r\n.*: connection refused\n/s);
    deepEqual(bodies(scene.client.received), ['main1']);
    const { version, method, target } = scene.requests[0];
    deepEqual(scene.failures, [{ version, method, target, reason: 'connection refused', fellBack: false }]);
    refusal = undefined;
    scene.client.send(ALICE);
    await settle();
    deepEqual(bodies(scene.client.received), ['main1', 'picked1']);
  });

  it('has no body in the answer to HEAD', async () => {
    const scene = new Scene({ refusal: () => 'no' });
    scene.client.send(ALICE.replace('GET', 'HEAD'));
    await settle();
    match(scene.client.received, /Content-Length: [1-9]\d*\r\n\r\n$/);
  });

  it('ends the connection when the request was not whole', async () => {
    const scene = new Scene({ refusal: () => 'no' });
    scene.client.send(POST('X-User: alice\r\nContent-Length: 8\r\n', 'half'));
    await settle();
    match(scene.client.received, /502 .*Connection: close\r\n/s);
    scene.client.send('half' + PLAIN);
    scene.client.end();
    await settle();
    deepEqual([scene.main.received, scene.client.hasEnded, scene.client.wasReset, scene.over], ['', true, false, 1]);
  });

  it('is replaced by main where asked, with the whole request', async () => {
    const post = POST('X-User: alice\r\nContent-Length: 8\r\n', 'half');
    const scene = new Scene({ ...sides, refusal: () => 'no', fallback: 'main' });
    scene.client.send(PLAIN + post);
    await settle();
    scene.client.send('half' + ALICE);
    await settle();
    equal(scene.main.received, PLAIN + post + 'half' + ALICE);
    deepEqual(bodies(scene.client.received), ['main1', 'main2', 'main3']);
    deepEqual(
      scene.failures.map(({ fellBack }) => fellBack),
      [true, true],
    );
  });

  it('is not replaced when the request is too long to be kept', async () => {
    const scene = new Scene({ ...sides, fallback: 'main', refusal: () => 'no' });
    scene.client.send(POST('X-User: alice\r\nContent-Length: 100000\r\n', 'a'.repeat(99_999)));
    await settle();
    match(scene.client.received, /^HTTP\/1\.1 502 /);
    equal(scene.main.received, '');
  });

  for (const [name, text] of Object.entries({
    'no HTTP': 'hello\r\n',
    'no HTTP, without an end of line': 'hello',
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    'a head without end': `HTTP/1.1 200 OK\r\n${'X: a\r\n'.repeat(20_000)}`,
  })) {
    it(`is one that answers with ${name}`, async () => {
      const scene = new Scene({ main: sides.main });
      scene.client.send(ALICE + PLAIN);
      await settle();
      scene.picked.send(text);
      await settle();
      match(scene.client.received, /^HTTP\/1\.1 502 .*what came back is not HTTP\n.*main1$/s);
      equal(scene.picked.wasReset, true);
    });
  }

  it('is one that hangs up before it has answered', async () => {
    const scene = new Scene({ main: sides.main });
    scene.client.send(ALICE + PLAIN);
    await settle();
    scene.picked.end();
    await settle();
    match(scene.client.received, /^HTTP\/1\.1 502 .*the connection was closed\n.*main1$/s);
  });

  it('may not add an answer of its own', async () => {
    const scene = new Scene({ main: sides.main });
    scene.client.send(ALICE + ALICE + PLAIN);
    await settle();
    scene.picked.send(ANSWER + ANSWER);
    await settle();
    equal(scene.client.received, ANSWER);
    equal(scene.picks.length, 2);
    scene.picked.send(ANSWER);
    await settle();
    deepEqual(bodies(scene.client.received), ['main1']);
  });
});

describe('requests judged by their bodies', () => {
  const filter = { all_of: [{ body: 'json', query: '$.user', matches: '^alice$' }] } as const;
  const json = (user: string): string => JSON.stringify({ user });
  const post = (user: string): string => POST(`Content-Length: ${json(user).length}\r\n`, json(user));

  it('go where their bodies want, at every cut, chunked or not', async () => {
    const chunked = POST('Transfer-Encoding: chunked\r\n', '8\r\n{"user":\r\n7\r\n"alice"\r\n1;x\r\n}\r\n0\r\n\r\n');
    const text = post('bob') + post('alice') + chunked + PLAIN;
    for (let cut = 1; cut < text.length; cut++) {
      const scene = new Scene({ ...sides, filter });
      scene.client.send(text.slice(0, cut));
      scene.client.send(text.slice(cut));
      await settle();
      deepEqual([scene.main.received, scene.picked.received], [post('bob') + PLAIN, post('alice') + chunked]);
      deepEqual(bodies(scene.client.received), ['main1', 'picked1', 'picked2', 'main2']);
    }
  });

  it('are not picked when the body is too long, by its bytes or by its chunks', async () => {
    const long = json('alice').padEnd(66_000);
    const chunks = '1;'.padEnd(2_000, 'x') + '\r\n \r\n';
    for (const request of [
      POST(`Content-Length: ${long.length}\r\n`, long),
      POST('Transfer-Encoding: chunked\r\n', `${chunks.repeat(100)}f\r\n${json('alice')} \r\n0\r\n\r\n`),
    ]) {
      const scene = new Scene({ ...sides, filter });
      scene.client.send(request);
      await settle();
      equal(scene.main.received, request);
    }
  });

  it('are not picked when the body does not come in time, or breaks off, or is malformed', async () => {
    const late = new Scene({ ...sides, filter });
    const request = post('alice');
    late.client.send(request.slice(0, -1));
    const broken = new Scene({ ...sides, filter });
    broken.client.send(request.slice(0, -1));
    broken.client.end();
    const malformed = new Scene({ filter });
    const text = POST('Transfer-Encoding: chunked\r\n', '3\r\n{"uzz') + ALICE;
    malformed.client.send(text);
    await settle();
    equal(late.main.received, '');
    deepEqual([broken.main.received, broken.main.hasEnded], [request.slice(0, -1), true]);
    equal(malformed.main.received, text);
    const deadline = performance.now() + 5_000;
    while (late.main.received === '' && performance.now() < deadline) await settle();
    equal(late.main.received, request.slice(0, -1));
    late.client.send(request.slice(-1));
    await settle();
    equal(late.main.received, request);
  });
});

describe('text that could become HTTP', () => {
  it('is main’s when its first line does not come in time, with all that follows', async () => {
    const scene = new Scene();
    scene.client.send(PLAIN);
    await settle();
    scene.main.send(ANSWER);
    scene.client.send('hello there');
    await settle();
    equal(scene.main.received, PLAIN);
    for (const end = performance.now() + 5_000; scene.main.received === PLAIN && performance.now() < end;)
      await settle();
    scene.client.send(' HTTP/1.1\r\n\r\n' + ALICE);
    await settle();
    equal(scene.main.received, PLAIN + 'hello there HTTP/1.1\r\n\r\n' + ALICE);
  });

  it('is main’s when it only begins as HTTP/2 does', async () => {
    const scene = new Scene();
    scene.client.send('PRI');
    await settle();
    equal(scene.main.received, '');
    for (const end = performance.now() + 5_000; scene.main.received === '' && performance.now() < end;) await settle();
    equal(scene.main.received, 'PRI');
  });

  it('may take its time once its first line is there', async () => {
    const scene = new Scene();
    scene.client.send(ALICE.slice(0, 10));
    await settle();
    scene.client.send(ALICE.slice(10, 40));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    scene.client.send(ALICE.slice(40));
    await settle();
    deepEqual([scene.main.received, scene.picked.received], ['', ALICE]);
  });
});

describe('backpressure', () => {
  it('stops the client for a side that is full, and a side for the client', async () => {
    const scene = new Scene();
    scene.main.isFull = true;
    scene.client.send(POST('Content-Length: 100\r\n', 'a'));
    await settle();
    equal(scene.client.isPaused, true);
    scene.main.drain();
    equal(scene.client.isPaused, false);
    scene.client.isFull = true;
    scene.main.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na');
    await settle();
    deepEqual([scene.main.isPaused, scene.client.isPaused], [true, false]);
    scene.client.drain();
    equal(scene.main.isPaused, false);
  });

  it('stops a client that sends requests which nobody answers', async () => {
    const scene = new Scene();
    for (let count = 0; count < 1_000; count++) scene.client.send(PLAIN);
    await settle();
    equal(scene.client.isPaused, true);
    equal(scene.main.received, PLAIN.repeat(64));
    scene.main.send(ANSWER.repeat(64));
    await settle();
    equal(scene.main.received, PLAIN.repeat(128));
  });

  it('stops a client whose long request waits for the dial', async () => {
    const dial = Promise.withResolvers<void>();
    const scene = new Scene({ dialled: dial.promise });
    const post = POST('X-User: alice\r\nContent-Length: 100000\r\n', '');
    scene.client.send(post + 'a'.repeat(70_000));
    await settle();
    equal(scene.client.isPaused, true);
    dial.resolve();
    scene.client.send('b'.repeat(30_000));
    await settle();
    deepEqual([scene.client.isPaused, scene.picked.received.length], [false, post.length + 100_000]);
  });

  it('carries bytes that are no HTTP with the same care', async () => {
    const scene = new Scene();
    scene.main.isFull = true;
    scene.client.send('\0\0');
    await settle();
    equal(scene.client.isPaused, true);
    scene.client.isFull = true;
    scene.main.send('x');
    await settle();
    equal(scene.main.isPaused, true);
    scene.main.drain();
    scene.client.drain();
    deepEqual([scene.client.isPaused, scene.main.isPaused], [false, false]);
    scene.split.reset();
    deepEqual([scene.client.wasReset, scene.main.wasReset, scene.over], [true, true, 1]);
  });
});
