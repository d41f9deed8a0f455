import { deepEqual, equal } from 'node:assert/strict';
import type { FlowBytes } from '../../../src/mux/flow.ts';
import { FlowPipe } from '../../../src/relay/flow-pipe.ts';

const nothing = (): void => {};

/** A stream whose writes are taken on only when the test says so. */
class Flow implements FlowBytes {
  onData: (chunk: Uint8Array) => void = nothing;
  onEnd: () => void = nothing;
  onReset: () => void = nothing;
  readonly calls: string[] = [];
  readonly waiting: (() => void)[] = [];

  write(chunk: Uint8Array, done: () => void): void {
    this.calls.push(`write ${chunk.length}`);
    this.waiting.push(done);
  }
  end(): void {
    this.calls.push('end');
  }
  reset(): void {
    this.calls.push('reset');
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
}

describe('a stream of the tunnel as a pipe', () => {
  it('is full while much waits, and tells when it has drained', () => {
    const flow = new Flow();
    const pipe = new FlowPipe(flow);
    let drains = 0;
    pipe.onDrain = () => drains++;
    equal(pipe.write(Buffer.alloc(200_000)), true);
    equal(pipe.write(Buffer.alloc(100_000)), false);
    flow.waiting.shift()?.();
    equal(drains, 1);
    flow.waiting.shift()?.();
    equal(drains, 1);
    equal(pipe.write(Buffer.alloc(10)), true);
  });

  it('begins paused: what happens before it is used is told afterwards', async () => {
    const flow = new Flow();
    const pipe = new FlowPipe(flow);
    deepEqual(flow.calls, ['pause']);
    flow.onReset();
    let resets = 0;
    pipe.onReset = () => resets++;
    pipe.resume();
    equal(resets, 0);
    await Promise.resolve();
    equal(resets, 1);
    deepEqual(flow.calls, ['pause']);
  });

  it('calls nobody within a call: a flow hands over what it held when it is resumed', async () => {
    const flow = new Flow();
    const pipe = new FlowPipe(flow);
    pipe.resume();
    deepEqual(flow.calls, ['pause']);
    await Promise.resolve();
    deepEqual(flow.calls, ['pause', 'resume']);
    pipe.resume();
    pipe.pause();
    await Promise.resolve();
    deepEqual(flow.calls, ['pause', 'resume', 'pause']);
  });

  it('hands out bytes that may be kept', () => {
    const flow = new Flow();
    const pipe = new FlowPipe(flow);
    let kept: Buffer = Buffer.alloc(0);
    pipe.onData = (bytes) => (kept = bytes);
    const chunk = Buffer.from('abc');
    flow.onData(chunk);
    chunk.fill(0);
    equal(kept.toString(), 'abc');
  });

  it('passes the rest on, and is silent after a reset', async () => {
    const flow = new Flow();
    const pipe = new FlowPipe(flow);
    const heard: string[] = [];
    pipe.onEnd = () => heard.push('end');
    pipe.onReset = () => heard.push('reset');
    pipe.resume();
    await Promise.resolve();
    pipe.end();
    flow.onEnd();
    pipe.reset();
    flow.onReset();
    deepEqual(flow.calls, ['pause', 'resume', 'end', 'reset']);
    deepEqual(heard, ['end']);
  });
});
