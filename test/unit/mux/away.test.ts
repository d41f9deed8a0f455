import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EXCESS_LIMIT, OPENINGS_AGAIN_LIMIT, REFUSALS_LIMIT } from '../../../src/mux/limits.ts';
import { WINDOW_MIN } from '../../../src/connection/limits.ts';
import { MUX, muxFrame } from '../../../src/mux/frame.ts';
import { KIND, type Opening, encodeOpening } from '../../../src/peer/opening.ts';
import type { MuxStream } from '../../../src/mux/stream.ts';
import { MuxPair, quiet, settled } from '../support/mux-pair.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What is held, garbage aside. */
function heapBytes(): number {
  // The memory of arrays follows their objects one round later.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe('while the transport is away', () => {
  let pair: MuxPair;
  /** What the far end has been asked for, in order. */
  let opened: Opening[];
  let broken: string[];

  beforeEach(async () => {
    opened = [];
    broken = [];
    pair = new MuxPair({
      far: {
        opened: (id, opening) => {
          opened.push({ ...opening, body: Buffer.from(opening.body) });
          if (opening.kind === KIND.resolve) {
            pair.far.acceptQuestion(id);
            pair.far.answer(id, opening.body);
          } else if (opening.kind === KIND.udp) {
            const flow = pair.far.acceptDatagrams(id);
            flow.onDatagram = (payload) => flow.send(payload);
          } else {
            const stream = pair.far.acceptStream(id);
            pair.far.accepted(id);
            stream.onData = (chunk) => stream.write(Buffer.from(chunk), () => {});
            stream.onEnd = () => stream.end();
          }
        },
        broken: (reason) => broken.push(reason),
      },
    });
    await quiet();
  });
  afterEach(() => pair.close());

  it('100,000 questions that nobody waits for any more take no memory, and none reaches the agent', async () => {
    pair.sever();
    const before = heapBytes();
    const question = Buffer.alloc(40, 1);
    for (let i = 0; i < 100; i++) {
      const given = new AbortController();
      const asked = Array.from({ length: 1_000 }, () =>
        pair.near.ask(encodeOpening(KIND.resolve, 0, question), given.signal).catch(() => undefined),
      );
      given.abort(new Error('too late'));
      await Promise.all(asked);
    }
    const held = heapBytes() - before;
    assert.ok(held < 4e6, `${held} bytes`);
    const alive = pair.near.ask(encodeOpening(KIND.resolve, 0, Buffer.from('alive')), new AbortController().signal);
    pair.mend();
    assert.equal(String(await alive), 'alive');
    assert.deepEqual(
      opened.map(({ body }) => body.toString()),
      ['alive'],
    );
  }).timeout(20_000);

  it('flows that have ended meanwhile are forgotten, the others open in their order', async () => {
    pair.sever();
    const streams = Array.from({ length: 1_000 }, (_, port) =>
      pair.near.openStream(encodeOpening(KIND.tcp, port, 'host')),
    );
    const flows = Array.from({ length: 100 }, (_, port) =>
      pair.near.openDatagrams(encodeOpening(KIND.udp, 2_000 + port, 'host')),
    );
    for (const [port, { stream }] of streams.entries()) if (port % 10 !== 0) stream.reset();
    for (const [i, { datagrams }] of flows.entries()) if (i > 0) datagrams.close();
    for (const [i, { opened: outcome }] of streams.entries()) {
      if (i % 10 !== 0) assert.deepEqual(await outcome, { ok: false, errno: 'ECONNRESET' });
    }
    assert.equal(pair.near.size, 101);
    pair.mend();
    await settled(() => opened.length >= 101, 'the openings');
    await quiet();
    const expected = [...Array.from({ length: 100 }, (_, i) => 10 * i), 2_000];
    assert.deepEqual(
      opened.map(({ port }) => port),
      expected,
    );
  });

  it('what is written into a flow that waits follows its opening, to the end', async () => {
    pair.sever();
    const { stream } = pair.near.openStream(encodeOpening(KIND.tcp, 1, 'host'));
    const heard: string[] = [];
    stream.onData = (chunk) => heard.push(Buffer.from(chunk).toString());
    stream.onEnd = () => heard.push('END');
    stream.write(Buffer.from('hello'), () => {});
    stream.end();
    const silent = pair.near.openStream(encodeOpening(KIND.tcp, 2, 'host')).stream;
    silent.end();
    const { datagrams } = pair.near.openDatagrams(encodeOpening(KIND.udp, 3, 'host'));
    datagrams.onDatagram = (payload) => heard.push(`datagram ${Buffer.from(payload).toString()}`);
    datagrams.send(Buffer.from('first'));
    await quiet();
    pair.mend();
    await settled(() => heard.length === 3, 'all');
    assert.deepEqual(heard.sort(), ['END', 'datagram first', 'hello']);
    assert.deepEqual(broken, []);
  });

  it('questions wait within a bound, beside which flows still have a place', async () => {
    pair.sever();
    const asked: Promise<unknown>[] = [];
    const question = Buffer.alloc(60_000);
    for (let i = 0; i < 1_000; i++)
      asked.push(pair.near.ask(encodeOpening(KIND.resolve, 0, question), new AbortController().signal));
    const refused = await Promise.race([asked.at(-1), quiet()]);
    assert.equal(refused, 'EADDRNOTAVAIL');
    assert.ok(pair.near.size < OPENINGS_AGAIN_LIMIT / 60_000 + 2);
    const { stream, opened: outcome } = pair.near.openStream(encodeOpening(KIND.tcp, 1, 'host'));
    pair.mend();
    assert.deepEqual(await outcome, { ok: true });
    stream.reset();
  });

  it('resets of flows that the agent knows are as many as there are flows', async () => {
    const streams = Array.from(
      { length: 5_000 },
      (_, port) => pair.near.openStream(encodeOpening(KIND.tcp, port, 'host')).stream,
    );
    await settled(() => opened.length === 5_000, 'the openings');
    await quiet();
    pair.sever();
    const { room } = pair.nearBytes;
    for (const stream of streams) stream.reset();
    for (let i = 0; i < 50_000; i++) pair.near.openStream(encodeOpening(KIND.tcp, 1, 'host')).stream.reset();
    assert.ok(room - pair.nearBytes.room <= 5_000 * 8);
    pair.mend();
    await settled(() => pair.far.size === 0, 'the resets');
    assert.equal(opened.length, 5_000);
  });

  it('datagrams of one byte are bounded by the memory that they take', async () => {
    const { datagrams } = pair.near.openDatagrams(encodeOpening(KIND.udp, 1, 'host'));
    await settled(() => opened.length === 1, 'the opening');
    pair.sever();
    const before = heapBytes();
    for (let i = 0; i < 400_000; i++) datagrams.send(Buffer.from('x'));
    const held = heapBytes() - before;
    assert.ok(held < 4 * (WINDOW_MIN + EXCESS_LIMIT), `${held} bytes`);
  });

  it('answers that find no room are refusals', async () => {
    const questions = Array.from({ length: 1_000 }, (_, i) => 2 * i + 1);
    pair.sever();
    const { room } = pair.farBytes;
    for (const id of questions) {
      pair.far.acceptQuestion(id);
      pair.far.answer(id, Buffer.alloc(60_000));
    }
    assert.ok(room - pair.farBytes.room < WINDOW_MIN + EXCESS_LIMIT + 60_000 + questions.length * 300);
  });

  it('a peer that opens on and on, and reads no refusal, is found out', () => {
    pair.sever();
    const opening = encodeOpening(KIND.tcp, 1, 'host');
    let id = 2;
    // The near end opens nothing to its peer: each is refused.
    for (; broken.length === 0 && id < 2_000_000; id += 2) {
      try {
        pair.near.frame(id, MUX.open, opening);
      } catch (error) {
        broken.push(String(error));
      }
    }
    assert.match(broken[0] ?? '', /more openings than it reads answers/);
    assert.ok(-pair.nearBytes.room < REFUSALS_LIMIT + 100);
  });

  it('no round trip is made up', async () => {
    pair.sever();
    await assert.rejects(pair.near.ping(), /away/);
  });
});

describe('a transport that takes nothing', () => {
  it('makes openings wait like one that is away', async () => {
    const opened: number[] = [];
    const pair = new MuxPair({ far: { opened: (_id, { port }) => opened.push(port) } });
    await quiet();
    // As if in flight: the room is used up, and more.
    pair.nearBytes.write(muxFrame(99, MUX.data, Buffer.alloc(3 * WINDOW_MIN)));
    const streams: MuxStream[] = [];
    for (let port = 1; port <= 3; port++)
      streams.push(pair.near.openStream(encodeOpening(KIND.tcp, port, 'host')).stream);
    streams[1]?.reset();
    pair.nearBytes.flush();
    await settled(() => opened.length === 2, 'the openings');
    await quiet();
    assert.deepEqual(opened, [1, 3]);
    pair.close();
  });
});

describe('20,000 chunks that are cut and given up', () => {
  it('give their memory back, each once, when what was sent of them has arrived', async () => {
    const pair = new MuxPair({});
    await quiet();
    const count = 20_000;
    let released = 0;
    const giveUp = (): void => {
      for (let i = 0; i < count; i++) pair.near.whenSent(() => released++);
    };
    giveUp();
    assert.equal(released, count, 'at once, when nothing is held');
    pair.sever();
    pair.nearBytes.write(muxFrame(99, MUX.end));
    giveUp();
    pair.nearBytes.write(muxFrame(99, MUX.end));
    assert.equal(released, count);
    pair.mend();
    await settled(() => released === 2 * count, 'the releases');
    pair.close();
  });
});
