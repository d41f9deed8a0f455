import { strict as assert } from 'node:assert';
import { frame, FrameReader } from '../../../src/dns/framing.ts';
import { serveTcpFlow, serveUdpFlow } from '../../../src/dns/flow-listener.ts';
import type { Refusal, TcpFlow, TcpFlowEvents, UdpFlow } from '../../../src/stack/flow.ts';
import { answerFromZone, answerLines, bench, decode, NO_RELAY, question } from '../support/dns.ts';

const ZONE = { 'db.default.svc.cluster.local A': ['10.96.0.1'] };
const ENDS = { source: { host: '10.0.0.1', port: 4000 }, destination: { host: '10.96.255.10', port: 53 } };

/** A program's TCP connection, as the stack would show it. */
class Program implements TcpFlow {
  readonly source = ENDS.source;
  readonly destination = ENDS.destination;
  readonly reader = new FrameReader();
  readonly answers: Uint8Array[] = [];
  window = 0;
  log: string[] = [];
  full = false;
  onAbandoned: () => void = () => undefined;
  #events: TcpFlowEvents | null = null;

  get events(): TcpFlowEvents {
    assert.ok(this.#events !== null, 'the flow was not accepted');
    return this.#events;
  }
  accept(events: TcpFlowEvents, window: number): void {
    this.#events = events;
    this.window = window;
  }
  refuse(reason: Refusal): void {
    this.log.push(`refuse ${reason}`);
  }
  consumed(bytes: number): void {
    this.window += bytes;
  }
  resize(): void {
    this.log.push('resize');
  }
  send(chunk: Uint8Array): boolean {
    this.answers.push(...this.reader.push(chunk));
    return !this.full;
  }
  end(): void {
    this.log.push('end');
  }
  reset(): void {
    this.log.push('reset');
  }

  /** Sends within the window, then spoils the view, as the stack may. */
  write(bytes: Uint8Array): void {
    assert.ok(bytes.length <= this.window, 'beyond the window');
    this.window -= bytes.length;
    const view = Uint8Array.from(bytes);
    this.events.data(view);
    view.fill(0xff);
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('the resolver behind a TCP flow', () => {
  it('answers, keeps the window open, and ends after the program', async () => {
    const program = new Program();
    serveTcpFlow(bench({ cluster: ZONE }).resolver, NO_RELAY, program);
    const whole = program.window;
    const bytes = frame(question('db'));
    program.write(bytes.subarray(0, 1));
    program.write(bytes.subarray(1, 9));
    program.write(bytes.subarray(9));
    assert.equal(program.window, whole);
    program.events.end();
    await settled();
    assert.deepEqual(answerLines(program.answers[0] ?? null), ['db A 10.96.0.1']);
    assert.deepEqual(program.log, ['end']);
  });

  it('closes the window while too many questions are in work, and opens it again', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const program = new Program();
    const cluster = (message: Uint8Array) => gate.then(() => answerFromZone(message, ZONE));
    serveTcpFlow(bench({ ports: { cluster } }).resolver, NO_RELAY, program);
    const whole = program.window;
    let sent = 0;
    const next = () => frame(question('db', 'A', { id: sent }));
    while (program.window >= next().length && sent < 10_000) {
      program.write(next());
      sent++;
    }
    assert.ok(sent < 10_000, 'the window never closed');
    release();
    const deadline = performance.now() + 5_000;
    while (program.answers.length < sent && performance.now() < deadline) await settled();
    assert.equal(new Set(program.answers.map((answer) => decode(answer).id)).size, sent);
    assert.equal(program.window, whole);
    program.events.reset();
  });

  it('stops while the program does not read', async () => {
    const program = new Program();
    program.full = true;
    serveTcpFlow(bench({ cluster: ZONE }).resolver, NO_RELAY, program);
    program.write(frame(question('db')));
    await settled();
    program.write(frame(question('db')));
    await settled();
    assert.equal(program.answers.length, 1);
    program.full = false;
    program.events.drain();
    await settled();
    assert.equal(program.answers.length, 2);
    program.events.reset();
  });

  it('says nothing to a program that is gone', async () => {
    const program = new Program();
    serveTcpFlow(bench({ cluster: ZONE }).resolver, NO_RELAY, program);
    program.write(frame(question('db')));
    program.events.reset();
    await settled();
    assert.deepEqual([program.answers, program.log], [[], []]);
  });
});

describe('the resolver behind a UDP flow', () => {
  const flowTo = () => {
    const sent: Uint8Array[] = [];
    let closed = false;
    const flow: UdpFlow = {
      ...ENDS,
      onDatagram: () => undefined,
      onClosed: () => undefined,
      send: (payload) => void sent.push(payload),
      answeredFrom: () => null,
      refuse: () => undefined,
      close: () => {
        closed = true;
      },
    };
    return { flow, sent, closed: () => closed };
  };

  it('answers each datagram and lets the flow go with the last answer', async () => {
    const { flow, sent, closed } = flowTo();
    serveUdpFlow(bench({ cluster: ZONE }).resolver, NO_RELAY, flow);
    const view = Uint8Array.from(question('db'));
    flow.onDatagram(view);
    view.fill(0xff);
    flow.onDatagram(Buffer.alloc(1));
    assert.equal(closed(), false);
    await settled();
    assert.deepEqual(sent.map(answerLines), [['db A 10.96.0.1']]);
    assert.equal(closed(), true);
  });

  it('sends nothing once the flow is closed', async () => {
    const { flow, sent } = flowTo();
    serveUdpFlow(bench({ cluster: ZONE }).resolver, NO_RELAY, flow);
    flow.onDatagram(question('db'));
    flow.onClosed();
    await settled();
    assert.deepEqual(sent, []);
  });
});
