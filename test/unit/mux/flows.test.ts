import assert from 'node:assert/strict';
import { MuxPair, quiet, settled } from '../support/mux-pair.ts';
import { ANSWER_LIMIT, EXCESS_LIMIT, STREAM_LIMIT, STREAM_WINDOW } from '../../../src/mux/limits.ts';
import type { MuxDatagrams } from '../../../src/mux/datagrams.ts';
import { MUX, muxFrame, muxHeader } from '../../../src/mux/frame.ts';
import { encodeAnswer } from '../../../src/peer/udp.ts';
import { KIND, encodeOpening } from '../../../src/peer/opening.ts';
import type { MuxStream } from '../../../src/mux/stream.ts';
import type { DialOutcome } from '../../../src/mux/flow.ts';

/** What a stream said, in order. */
function listen(stream: MuxStream): string[] {
  const heard: string[] = [];
  stream.onData = (chunk) => heard.push(chunk.length > 20 ? `${chunk.length} bytes` : Buffer.from(chunk).toString());
  stream.onEnd = () => heard.push('END');
  stream.onReset = () => heard.push('RESET');
  return heard;
}

interface Flow {
  readonly pair: MuxPair;
  readonly near: MuxStream;
  readonly far: MuxStream;
  readonly nearHeard: string[];
  readonly farHeard: string[];
  readonly id: number;
  readonly opened: Promise<DialOutcome>;
}

describe('flows of the multiplexer', () => {
  const pairs: MuxPair[] = [];
  const broken: string[] = [];

  function createPair(options: ConstructorParameters<typeof MuxPair>[0] = {}): MuxPair {
    const pair = new MuxPair(options);
    pairs.push(pair);
    return pair;
  }

  async function openFlow(isAccepted = true): Promise<Flow> {
    let far: MuxStream | undefined;
    let farHeard: string[] = [];
    let id = 0;
    const pair: MuxPair = createPair({
      far: {
        opened: (given) => {
          id = given;
          far = pair.far.acceptStream(given);
          farHeard = listen(far);
          if (isAccepted) pair.far.accepted(given);
        },
        broken: (reason) => broken.push(reason),
      },
    });
    const { stream: near, opened } = pair.near.openStream(encodeOpening(KIND.tcp, 80, 'host'));
    const nearHeard = listen(near);
    await settled(() => far !== undefined, 'the opening');
    assert.ok(far);
    return { pair, near, far, nearHeard, farHeard, id, opened };
  }

  beforeEach(() => {
    broken.length = 0;
  });
  afterEach(() => {
    for (const pair of pairs.splice(0)) pair.close();
  });

  function write(stream: MuxStream, text: string | Uint8Array): { done: number; released: number } {
    const count = { done: 0, released: 0 };
    const [done, release] = [() => void count.done++, () => void count.released++];
    stream.write(Buffer.from(text), done, release);
    return count;
  }

  it('carry bytes and ends both ways, and are forgotten then', async () => {
    const { pair, near, far, nearHeard, farHeard, opened } = await openFlow();
    assert.deepEqual(await opened, { ok: true });
    write(near, 'question');
    near.end();
    await settled(() => farHeard.includes('END'), 'the question');
    write(far, 'late ');
    await quiet();
    write(far, 'answer');
    far.end();
    await settled(() => pair.near.size + pair.far.size === 0, 'the end');
    assert.deepEqual(farHeard, ['question', 'END']);
    assert.equal(nearHeard.join(''), 'late answerEND');
    assert.deepEqual(write(near, 'x'), { done: 1, released: 1 }, 'what comes too late is given back at once');
  });

  it('hand on early bytes with the opening', async () => {
    const { near, farHeard, pair, id } = await openFlow(false);
    write(near, 'early');
    await settled(() => farHeard.length > 0, 'the bytes');
    pair.far.accepted(id);
    assert.deepEqual(farHeard, ['early']);
  });

  it('take nothing for an empty chunk, and give it back', async () => {
    const { near, far, farHeard } = await openFlow();
    far.pause();
    write(near, Buffer.alloc(STREAM_WINDOW));
    await quiet();
    assert.deepEqual(write(near, ''), { done: 1, released: 1 });
    near.end();
    far.resume();
    await settled(() => farHeard.includes('END'), 'the end');
  });

  for (const state of ['fresh', 'with bytes waiting', 'half closed', 'half closed by the other', 'paused', 'ending'])
    for (const by of ['near', 'far', 'both'] as const) {
      it(`are reset by ${by}, ${state}`, async () => {
        const flow = await openFlow();
        const { near, far, nearHeard, farHeard, pair } = flow;
        const counts = [];
        if (state === 'with bytes waiting') for (let i = 0; i < 8; i++) counts.push(write(near, Buffer.alloc(60_000)));
        if (state === 'half closed') near.end();
        if (state === 'half closed by the other') far.end();
        if (state === 'paused') {
          for (const stream of [near, far]) stream.pause();
          for (const stream of [near, far]) counts.push(write(stream, 'held'));
        }
        if (state !== 'ending') await quiet();
        if (state === 'ending') for (const stream of [near, far]) stream.end();
        if (by !== 'far') near.reset();
        if (by !== 'near') far.reset();
        await settled(() => pair.near.size + pair.far.size === 0, 'both forget');
        await quiet();
        // Who resets wants no more; what the other one has is its to read, paused or not.
        for (const [heard, resets] of [
          [nearHeard, by !== 'far'],
          [farHeard, by !== 'near'],
        ] as const)
          assert.deepEqual(heard.slice(0, 2), state !== 'paused' ? heard.slice(0, 2) : resets ? [] : ['held', 'RESET']);
        assert.equal(nearHeard.filter((heard) => heard === 'RESET').length, by === 'far' ? 1 : 0);
        assert.equal(farHeard.filter((heard) => heard === 'RESET').length, by === 'near' ? 1 : 0);
        for (const { done } of counts) assert.equal(done, 1);
        // Nothing is said after the end.
        for (const stream of [near, far]) {
          stream.resume();
          stream.end();
          stream.reset();
          assert.deepEqual(write(stream, 'x'), { done: 1, released: 1 });
        }
        await quiet();
        assert.deepEqual(broken, []);
      });
    }

  it('abort behind what was written, also when that has to wait for a reader', async () => {
    const { pair, near, far, farHeard } = await openFlow();
    far.pause();
    const whole = write(near, Buffer.alloc(STREAM_WINDOW));
    const rest = write(near, 'the rest');
    near.abort();
    await quiet();
    assert.deepEqual([whole.done, rest.done, farHeard], [1, 0, []]);
    far.resume();
    await settled(() => pair.near.size + pair.far.size === 0, 'both forget');
    assert.deepEqual(farHeard.slice(-2), ['the rest', 'RESET']);
    assert.deepEqual(rest, { done: 1, released: 1 });
  });

  for (const state of ['fresh', 'ended before'])
    it(`abort at once when nothing waits, ${state}`, async () => {
      const { pair, near, farHeard, nearHeard } = await openFlow();
      if (state === 'ended before') near.end();
      await quiet();
      near.abort();
      await settled(() => pair.near.size + pair.far.size === 0, 'both forget');
      assert.equal(farHeard.at(-1), 'RESET');
      assert.deepEqual(nearHeard, []);
    });

  for (const by of ['near', 'far'] as const) {
    it(`give back what has gone in part only when it has arrived, reset by ${by}`, async () => {
      const { pair, near, far, farHeard, nearHeard } = await openFlow();
      const first = write(near, Buffer.alloc(STREAM_WINDOW + 1));
      const second = write(near, 'never sent');
      far.pause();
      await quiet();
      if (by === 'far') far.reset();
      pair.sever();
      if (by === 'near') near.reset();
      pair.mend();
      if (by === 'near')
        assert.deepEqual(
          [first, second],
          [
            { done: 1, released: 0 },
            { done: 1, released: 1 },
          ],
        );
      await settled(() => (by === 'near' ? farHeard : nearHeard).includes('RESET'), 'the reset');
      assert.equal(second.released, 1);
      await settled(() => first.released === 1, 'the acknowledgement', 3_000);
      assert.deepEqual(first, { done: 1, released: 1 });
    }).timeout(4_000);
  }

  it('are refused, and nothing more is heard of them', async () => {
    const { pair, near, far, nearHeard, id, opened } = await openFlow(false);
    const early = write(near, Buffer.alloc(300_000));
    await quiet();
    const late = write(far, 'from nowhere');
    pair.far.refuse(id, 'ECONNREFUSED');
    assert.deepEqual(await opened, { ok: false, errno: 'ECONNREFUSED' });
    await quiet();
    assert.deepEqual([nearHeard, early.done, late], [[], 1, { done: 1, released: 1 }]);
    pair.far.refuse(id, 'EACCES');
    pair.far.accepted(id);
    far.reset();
    near.reset();
    await quiet();
    assert.equal(pair.near.size + pair.far.size, 0);
  });

  it('that nobody serves are refused', async () => {
    const { pair } = await openFlow();
    const { opened } = pair.far.openStream(encodeOpening(KIND.tcp, 80, 'host'));
    assert.deepEqual(await opened, { ok: false, errno: 'EACCES' });
  });

  it('that end before their dial do not leave anyone waiting', async () => {
    const { near, opened } = await openFlow(false);
    near.reset();
    assert.deepEqual(await opened, { ok: false, errno: 'ECONNRESET' });
  });

  it('beyond the limit are refused, and there is room again when others end', async () => {
    const pair: MuxPair = createPair({ far: { opened: (id) => void pair.far.acceptStream(id) } });
    const streams = Array.from(
      { length: STREAM_LIMIT },
      () => pair.near.openStream(encodeOpening(KIND.tcp, 80, 'host')).stream,
    );
    const over = pair.near.openStream(encodeOpening(KIND.tcp, 80, 'host'));
    assert.deepEqual(await over.opened, { ok: false, errno: 'EADDRNOTAVAIL' });
    assert.equal(write(over.stream, 'x').released, 1);
    assert.equal(await pair.near.ask(encodeOpening(KIND.info, 0, ''), AbortSignal.timeout(1_000)), 'EADDRNOTAVAIL');
    streams[0]?.reset();
    pair.near.openStream(encodeOpening(KIND.tcp, 80, 'host'));
    await settled(() => pair.far.size === STREAM_LIMIT, 'all are open');
  });

  it('leave nothing behind, 100,000 of them', async () => {
    const pair: MuxPair = createPair({
      far: {
        opened: (id, { port }) => {
          const stream = pair.far.acceptStream(id);
          stream.onData = (chunk) => stream.write(Buffer.from(chunk), () => {});
          stream.onEnd = () => stream.end();
          if (port === 3) pair.far.refuse(id, 'ETIMEDOUT');
          else pair.far.accepted(id);
        },
      },
    });
    for (let i = 0; i < 100_000; i++) {
      const { stream } = pair.near.openStream(encodeOpening(KIND.tcp, i % 4, 'host'));
      stream.write(Buffer.from('x'), () => {});
      if (i % 4 === 0) stream.reset();
      else stream.end();
      if (i % 1_000 === 0) await settled(() => pair.near.size + pair.far.size < 1_000, 'the others');
    }
    await settled(() => pair.near.size + pair.far.size === 0, 'all');
  }).timeout(20_000);

  it('are all told when the tunnel ends, and nothing is opened any more', async () => {
    const { pair, near, nearHeard, farHeard } = await openFlow();
    const waiting = Array.from({ length: 8 }, () => write(near, Buffer.alloc(60_000)));
    const ping = pair.near.ping();
    const question = pair.near.ask(encodeOpening(KIND.info, 0, ''), AbortSignal.timeout(1_000));
    const { datagrams } = pair.near.openDatagrams(encodeOpening(KIND.udp, 53, 'host'));
    let closed = 0;
    datagrams.onClosed = () => closed++;
    pair.close();
    await assert.rejects(ping, /closed/);
    assert.equal(await question, 'ECONNRESET');
    assert.deepEqual([nearHeard, farHeard, closed], [['RESET'], ['RESET'], 1]);
    assert.ok(waiting.every(({ done, released }) => done === 1 && released === 1));
    const late = pair.near.openStream(encodeOpening(KIND.tcp, 80, 'host'));
    assert.deepEqual(await late.opened, { ok: false, errno: 'ECONNRESET' });
    assert.equal(write(late.stream, 'x').done, 1);
    await assert.rejects(pair.near.ask(encodeOpening(KIND.info, 0, ''), AbortSignal.timeout(1_000)), /closed/);
    await assert.rejects(pair.near.ping(), /closed/);
    assert.equal(pair.near.size + pair.far.size, 0);
  });

  describe('questions', () => {
    it('have one answer, or a refusal', async () => {
      const pair: MuxPair = createPair({
        far: {
          opened: (id, { body }) => {
            pair.far.acceptQuestion(id);
            if (body.length > 0) pair.far.answer(id, Buffer.concat([body, body]));
            else pair.far.answer(id, Buffer.alloc(ANSWER_LIMIT + 1));
            pair.far.answer(id, Buffer.from('another'));
            pair.far.refuse(id, 'EACCES');
          },
        },
      });
      const signal = AbortSignal.timeout(2_000);
      assert.equal((await pair.near.ask(encodeOpening(KIND.resolve, 0, 'ab'), signal)).toString(), 'abab');
      assert.equal(await pair.near.ask(encodeOpening(KIND.info, 0, ''), signal), 'EADDRNOTAVAIL');
      assert.equal(pair.near.size + pair.far.size, 0);
    });

    it('that nobody waits for are not looked into any more', async () => {
      let sought: AbortSignal | undefined;
      const pair: MuxPair = createPair({
        far: {
          opened: (id) => {
            sought = pair.far.acceptQuestion(id);
            sought.addEventListener('abort', () => pair.far.answer(id, Buffer.from('too late')));
          },
        },
      });
      const patience = new AbortController();
      const question = pair.near.ask(encodeOpening(KIND.info, 0, ''), patience.signal);
      await settled(() => sought !== undefined, 'the question');
      patience.abort(new Error('enough'));
      await assert.rejects(question, /enough/);
      await assert.rejects(pair.near.ask(encodeOpening(KIND.info, 0, ''), patience.signal), /enough/);
      await settled(() => sought?.aborted === true && pair.near.size + pair.far.size === 0, 'both forget');
    });
  });

  describe('datagrams', () => {
    function openDatagrams(): { pair: MuxPair; near: MuxDatagrams; far: MuxDatagrams[]; heard: string[] } {
      const far: MuxDatagrams[] = [];
      const heard: string[] = [];
      const pair: MuxPair = createPair({
        far: {
          opened: (id) => {
            const flow = pair.far.acceptDatagrams(id);
            far.push(flow);
            flow.onDatagram = (payload) => heard.push(Buffer.from(payload).toString('latin1'));
            flow.onClosed = (errno) => heard.push(`closed: ${errno}`);
            pair.far.accepted(id);
          },
        },
      });
      return { pair, near: pair.near.openDatagrams(encodeOpening(KIND.udp, 53, 'host')).datagrams, far, heard };
    }

    it('are opened from the other end, too, where another port of the peer has answered', async () => {
      const heard: string[] = [];
      const pair: MuxPair = createPair({
        near: {
          opened: (id, { kind, port, body }) => {
            const asked = pair.near.datagrams(body.readUInt32BE(0));
            heard.push(`kind ${kind} port ${port} ${asked === near}`);
            const answer = pair.near.acceptDatagrams(id);
            answer.onDatagram = (payload) => heard.push(Buffer.from(payload).toString('latin1'));
            answer.onClosed = (errno) => heard.push(`closed: ${errno}`);
          },
          broken: (reason) => broken.push(reason),
        },
        far: { opened: (id) => far.push(pair.far.acceptDatagrams(id)), broken: (reason) => broken.push(reason) },
      });
      const far: MuxDatagrams[] = [];
      const near = pair.near.openDatagrams(encodeOpening(KIND.udp, 69, 'host socket')).datagrams;
      await settled(() => far.length === 1, 'the opening');
      const answered = pair.far.offerDatagrams(encodeAnswer(far[0]?.id ?? assert.fail(), 4000)) ?? assert.fail();
      answered.send(Buffer.from('block 1'));
      answered.fail('ECONNREFUSED');
      await settled(() => heard.length === 3, 'all of it');
      assert.deepEqual(heard, [`kind ${KIND.answer} port 4000 true`, 'block 1', 'closed: ECONNREFUSED']);
      assert.deepEqual([pair.near.size, pair.far.size], [1, 1]);
    });

    it('keep their boundaries, empty ones too, and end in order', async () => {
      const { pair, near, heard } = openDatagrams();
      for (const text of ['one', '', 'three']) near.send(Buffer.from(text));
      near.close();
      near.send(Buffer.from('late'));
      await settled(() => heard.length === 4, 'all');
      assert.deepEqual(heard, ['one', '', 'three', 'closed: null']);
      assert.equal(pair.near.size + pair.far.size, 0);
    });

    it('tell why the far socket failed', async () => {
      const { pair, near, far } = openDatagrams();
      const told: unknown[] = [];
      near.onClosed = (errno) => told.push(errno);
      await settled(() => far.length > 0, 'the opening');
      await quiet();
      far[0]?.fail('ECONNREFUSED');
      await settled(() => told.length > 0, 'the errno');
      assert.deepEqual([told, pair.near.size + pair.far.size], [['ECONNREFUSED'], 0]);
    });

    it('are dropped, not kept, while the transport is away', async () => {
      const { pair, near, heard } = openDatagrams();
      await quiet();
      pair.sever();
      const room = pair.nearBytes.room;
      const payload = Buffer.alloc(60_000);
      for (let i = 0; i < 1_000; i++) near.send(payload);
      assert.ok(-pair.nearBytes.room < EXCESS_LIMIT + 2 * payload.length);
      pair.mend();
      await quiet();
      assert.ok(heard.length >= Math.floor((room + EXCESS_LIMIT) / 60_100) && heard.length < 50);
    });
  });

  describe('a peer that', () => {
    const cases: Readonly<Record<string, (id: number) => Buffer>> = {
      'sends more than it was granted': (id) =>
        Buffer.concat([muxHeader(id, MUX.data, STREAM_WINDOW + 1), Buffer.alloc(STREAM_WINDOW + 1)]),
      'sends after its end': (id) =>
        Buffer.concat([muxFrame(id, MUX.end), muxHeader(id, MUX.data, 1), Buffer.from('x')]),
      'opens with a number of ours': () => muxFrame(2, MUX.open, encodeOpening(KIND.tcp, 1, 'host')),
      'opens with the number 0': () => muxFrame(0, MUX.open, encodeOpening(KIND.tcp, 1, 'host')),
      'opens what is open': (id) => muxFrame(id, MUX.open, encodeOpening(KIND.tcp, 1, 'host')),
      'opens nothing that there is': () => muxFrame(9, MUX.open, Buffer.from([99, 0, 0])),
      'sends a frame of no known type': () => Buffer.from([0, 0, 0, 1, 77, 0, 0, 0]),
    };
    for (const [what, bytes] of Object.entries(cases)) {
      it(`${what} is found out, once`, async () => {
        const { pair, far, id, farHeard } = await openFlow();
        if (what.includes('granted')) far.pause();
        pair.nearBytes.write(bytes(id));
        pair.nearBytes.flush();
        await settled(() => broken.length > 0, 'the verdict');
        pair.far.close();
        assert.equal(broken.length, 1);
        assert.equal(farHeard.at(-1), 'RESET');
      });
    }

    it('speaks of flows that are over, or never were, is heard in peace', async () => {
      const { pair, far } = await openFlow();
      far.reset();
      for (const type of [MUX.end, MUX.reset, MUX.accept, MUX.refuse, MUX.answer, MUX.datagram]) {
        for (const id of [0, 1, 2, 0xffff_ffff]) pair.nearBytes.write(muxFrame(id, type));
      }
      pair.nearBytes.write(Buffer.concat([muxHeader(1, MUX.data, 5), Buffer.from('stray')]));
      pair.nearBytes.write(muxFrame(1, MUX.credit, Buffer.from([255, 255, 255, 255])));
      pair.nearBytes.flush();
      await pair.near.ping();
      assert.deepEqual([broken, pair.far.size], [[], 0]);
    });

    it('asks for signs of life without end does not make us keep the answers', async () => {
      const { pair } = await openFlow();
      pair.sever();
      for (let i = 0; i < 500_000; i++) pair.far.frame(0, MUX.ping, Buffer.alloc(8));
      assert.ok(-pair.farBytes.room < EXCESS_LIMIT + 100);
    });
  });
});
