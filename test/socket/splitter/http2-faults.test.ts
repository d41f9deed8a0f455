import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { freePort } from './support/nginx.ts';
import { Http2Client, isWhole } from './support/http2-client.ts';
import { http2Echo, type Echo } from './support/http2-echo.ts';
import { listening, splitPort, type SplitPort } from './support/ports.ts';
import { eventually } from './support/raw-client.ts';

const LONG = '/e?length=300000&seed=1';

describe('HTTP/2 faults', () => {
  let original: Echo;
  let developer: Echo;
  let split: SplitPort;
  let client: Http2Client;
  let developerPort: number;

  beforeEach(async () => {
    original = http2Echo('original');
    developer = http2Echo('developer');
    developerPort = await listening(developer.server);
    split = await splitPort(await listening(original.server), developerPort);
    client = new Http2Client(split.port);
  });

  afterEach(async () => {
    client[Symbol.dispose]();
    // Whatever happened on it, nothing is left of a connection when its client is gone.
    await eventually(() => split.open === 0);
    original.kill();
    developer.kill();
    await split[Symbol.asyncDispose]();
  });

  it('answers that the client cancels leave the windows whole', async () => {
    for (let round = 0; round < 100; round++) {
      const [one, other] = await Promise.all([
        client.ask(LONG, { alice: round % 2 === 0, cancelAt: 20_000 }),
        client.ask(LONG, { alice: round % 3 === 0, cancelAt: 1 }),
      ]);
      deepEqual([one.code, other.code], [8, 8]);
    }
    const whole = await Promise.all(
      [true, false, true].map((alice) => client.ask(LONG, { alice, body: Buffer.alloc(200_000) })),
    );
    for (const outcome of whole) ok(isWhole(outcome));
  });

  it('uploads that a server resets leave the windows whole', async () => {
    for (let round = 0; round < 60; round++) {
      const { code } = await client.ask('/reset?code=8', { alice: round % 2 === 0, body: Buffer.alloc(100_000) });
      equal(code, 8);
    }
    for (const alice of [true, false]) {
      const { headers } = await client.ask('/e', { alice, body: Buffer.alloc(200_000) });
      equal(headers['x-got'], '200000');
    }
  });

  it('resets come with their codes, before and within an answer', async () => {
    for (const alice of [true, false]) {
      for (const code of [2, 7, 8, 11, 13]) equal((await client.ask(`/reset?code=${code}`, { alice })).code, code);
      const begun = Promise.withResolvers<void>();
      const going = client.ask('/reset?late', { alice, onData: begun.resolve });
      await begun.promise;
      await client.ask('/destroy', { alice });
      const late = await going;
      deepEqual([late.status, late.body.length, late.code], [200, 1_000, 2]);
    }
  });

  it('an original that ends its connections lets the developer finish', async () => {
    await client.ask('/e', { alice: true });
    const going = client.ask('/never', { alice: true, isOpen: true });
    await client.ask('/close');
    await eventually(() => client.events.some((event) => event.startsWith('goaway')));
    equal(client.events.includes('close'), false);
    developer.kill();
    equal((await going).status, 502);
    await eventually(() => client.events.includes('close'));
  });

  it('an original that is killed resets its own streams only', async () => {
    await client.ask('/e', { alice: true });
    const own = client.ask('/never');
    const other = client.ask(LONG, { alice: true });
    await client.ask('/e');
    original.kill();
    ok(isWhole(await other));
    deepEqual([(await own).status, (await own).code], [undefined, 2]);
    await eventually(() => client.events.includes('close'));
  });

  it('a developer that ends its connections gets new ones', async () => {
    await client.ask('/close', { alice: true });
    for (let round = 0; round < 10; round++) equal((await client.ask('/e', { alice: true })).side, 'developer');
    deepEqual(client.events, []);
  });

  it('a developer that dies is told by 502, and back at once when it is back', async () => {
    await client.ask('/e', { alice: true });
    const waiting = [
      client.ask('/never', { alice: true }),
      client.ask('/e', { alice: true, body: Buffer.alloc(3_000_000), isOpen: true }),
    ];
    const rest = client.ask(LONG);
    await client.ask('/e');
    developer.kill();
    for (const one of waiting) equal((await one).status, 502);
    ok(isWhole(await rest));
    const refused = await client.ask('/e', { alice: true });
    deepEqual([refused.status, refused.headers.server], [502, 'mirrord']);
    match(refused.body.toString(), /ECONNREFUSED/);
    const grpc = await client.ask('/e', {
      alice: true,
      body: Buffer.alloc(10),
      headers: { 'content-type': 'application/grpc' },
    });
    deepEqual([grpc.status, grpc.headers['grpc-status']], [200, '14']);
    developer = http2Echo('developer');
    await new Promise<void>((resolve) => developer.server.listen(developerPort, '127.0.0.1', resolve));
    equal((await client.ask('/e', { alice: true })).side, 'developer');
    equal((await client.ask('/e', { body: Buffer.alloc(200_000) })).headers['x-got'], '200000');
    deepEqual(client.events, []);
  });

  it('an original that refuses closes the connection, as it does directly', async () => {
    await using refusing = await splitPort(await freePort(), developerPort);
    using other = new Http2Client(refusing.port);
    await eventually(() => other.events.includes('close'));
  });

  it('SETTINGS that change on all sides, in the middle of everything', async () => {
    await client.ask('/e', { alice: true });
    const changes = [0, 100_000, 500, 65_535].map((initialWindowSize, at) => ({
      initialWindowSize,
      headerTableSize: [0, 4_096, 100, 65_536][at],
      maxFrameSize: 16_384 + at,
    }));
    for (const change of changes) {
      client.session.settings(change);
      const both = Promise.all([true, false].map((alice) => client.ask('/e?length=20000&seed=2', { alice })));
      if (change.initialWindowSize === 0) client.session.settings({ initialWindowSize: 30_000 });
      for (const outcome of await both) ok(isWhole(outcome));
    }
    for (const side of [true, false]) {
      for (const change of changes) {
        const set = (json: object): Promise<unknown> =>
          client.ask(`/settings?json=${encodeURIComponent(JSON.stringify(json))}`, { alice: side });
        await set(change);
        const both = Promise.all([true, false].map((alice) => client.ask('/e', { alice, body: Buffer.alloc(20_000) })));
        if (change.initialWindowSize === 0) await set({ initialWindowSize: 30_000 });
        for (const { headers } of await both) equal(headers['x-got'], '20000');
      }
    }
    deepEqual(client.events, []);
  });
});
