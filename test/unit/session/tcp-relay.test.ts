import assert from 'node:assert/strict';
import type { Refusal, TcpFlow, TcpFlowEvents } from '../../../src/stack/index.ts';
import type { DialOutcome } from '../../../src/mux/flow.ts';
import type { TunnelStream } from '../../../src/peer/tcp.ts';
import { relayTcp } from '../../../src/session/tcp-relay.ts';

class FakeFlow implements TcpFlow {
  readonly source = { host: '198.19.0.1', port: 40000 };
  readonly destination = { host: '10.96.0.7', port: 80 };
  readonly log: string[] = [];
  events: TcpFlowEvents | undefined;
  onAbandoned = (): void => undefined;
  room = true;
  accept(events: TcpFlowEvents): void {
    this.events = events;
    this.log.push('accept');
  }
  refuse(reason: Refusal): void {
    this.log.push(`refuse ${reason}`);
  }
  consumed(bytes: number): void {
    this.log.push(`consumed ${bytes}`);
  }
  resize(): void {}
  send(chunk: Uint8Array): boolean {
    this.log.push(`send ${Buffer.from(chunk).toString()}`);
    return this.room;
  }
  end(): void {
    this.log.push('end');
  }
  reset(): void {
    this.log.push('reset');
  }
}

class FakeStream implements TunnelStream {
  readonly log: string[] = [];
  readonly outcome = Promise.withResolvers<DialOutcome>();
  readonly opened = this.outcome.promise;
  readonly done: (() => void)[] = [];
  onData = (_chunk: Uint8Array): void => undefined;
  onEnd = (): void => undefined;
  onReset = (): void => undefined;
  write(chunk: Uint8Array, done: () => void): void {
    this.log.push(`write ${Buffer.from(chunk).toString()}`);
    this.done.push(done);
  }
  end(): void {
    this.log.push('end');
  }
  reset(): void {
    this.log.push('reset');
  }
  pause(): void {
    this.log.push('pause');
  }
  resume(): void {
    this.log.push('resume');
  }
}

const watch = { flowOpened: (): void => undefined, flowClosed: (): void => undefined };

function relay() {
  const flow = new FakeFlow();
  const stream = new FakeStream();
  relayTcp(flow, stream, watch, () => false);
  const open = async (outcome: DialOutcome = { ok: true }): Promise<TcpFlowEvents> => {
    stream.outcome.resolve(outcome);
    await stream.opened;
    return flow.events as TcpFlowEvents;
  };
  return { flow, stream, open };
}

describe('one TCP flow between stack and tunnel', () => {
  it('answers the SYN only when the dial has ended', async () => {
    const { flow, open } = relay();
    assert.deepEqual(flow.log, []);
    await open();
    assert.deepEqual(flow.log, ['accept']);
  });

  for (const [errno, reason] of [
    ['ECONNREFUSED', 'refused'],
    ['EHOSTUNREACH', 'host-unreachable'],
    ['ENETUNREACH', 'network-unreachable'],
    ['ETIMEDOUT', 'timeout'],
  ] as const) {
    it(`tells ${errno} as ${reason}`, async () => {
      const { flow, open } = relay();
      await open({ ok: false, errno });
      assert.deepEqual(flow.log, [`refuse ${reason}`]);
    });
  }

  it('keeps what a server says before the SYN-ACK, and its half-close', async () => {
    const { flow, stream, open } = relay();
    const chunk = Buffer.from('220 hello');
    stream.onData(chunk);
    // The memory belongs to the tunnel again.
    chunk.fill(0);
    stream.onEnd();
    await open();
    assert.deepEqual(flow.log, ['accept', 'send 220 hello', 'end']);
  });

  it('tells of a server that takes the connection and resets it at once, both', async () => {
    const { flow, stream, open } = relay();
    const opened = open();
    stream.onReset();
    await opened;
    assert.deepEqual(flow.log, ['accept', 'reset']);
  });

  it('says nothing of a destination when the stream was lost before an outcome', async () => {
    const { flow, stream, open } = relay();
    stream.onReset();
    await open({ ok: false, errno: 'ECONNRESET' });
    assert.deepEqual(flow.log, ['refuse timeout']);
  });

  it('opens the window again only when the tunnel has sent the bytes', async () => {
    const { flow, stream, open } = relay();
    const events = await open();
    events.data(Buffer.from('question'));
    assert.deepEqual(
      stream.log.filter((line) => line.startsWith('write')),
      ['write question'],
    );
    assert.ok(!flow.log.includes('consumed 8'));
    stream.done[0]?.();
    assert.ok(flow.log.includes('consumed 8'));
  });

  it('puts small segments together while others wait, in order, and all before the end', async () => {
    const { flow, stream, open } = relay();
    const events = await open();
    const count = 50_000;
    const sent = Buffer.from(Uint8Array.from({ length: count }, (_, i) => 97 + (i % 26)));
    for (let i = 0; i < count; i++) events.data(sent.subarray(i, i + 1));
    events.data(Buffer.alloc(5000, 'L'));
    events.data(Buffer.from('last'));
    assert.ok(stream.done.length < 5000, `${stream.done.length} chunks`);
    // More come while the first are sent.
    for (const done of stream.done) done();
    events.data(Buffer.from('.'));
    events.end();
    const written = stream.log.flatMap((line) => (line.startsWith('write ') ? [line.slice(6)] : []));
    assert.equal(written.join(''), `${sent.toString()}${'L'.repeat(5000)}last.`);
    assert.equal(stream.log.at(-1), 'end');
    stream.done.at(-1)?.();
    const consumed = flow.log.flatMap((line) => (line.startsWith('consumed ') ? [Number(line.slice(9))] : []));
    assert.equal(
      consumed.reduce((a, b) => a + b),
      count + 5005,
    );
  });

  it('pauses the far side while the program does not read', async () => {
    const { flow, stream, open } = relay();
    const events = await open();
    stream.log.length = 0;
    flow.room = false;
    stream.onData(Buffer.from('a lot'));
    assert.deepEqual(stream.log, ['pause']);
    events.drain();
    assert.deepEqual(stream.log, ['pause', 'resume']);
  });

  it('passes a reset on, both ways, and is quiet afterwards', async () => {
    const there = relay();
    (await there.open()).reset();
    assert.equal(there.stream.log.at(-1), 'reset');
    const back = relay();
    await back.open();
    back.stream.onReset();
    back.stream.onReset();
    assert.deepEqual(back.flow.log, ['accept', 'reset']);
  });

  it('gives the far dial up when the program does', async () => {
    const { flow, stream, open } = relay();
    flow.onAbandoned();
    assert.deepEqual(stream.log, ['reset']);
    await open();
    assert.deepEqual(flow.log, []);
  });
});
