import assert from 'node:assert/strict';
import { TIME_WAIT } from '../../../src/stack/limits.ts';
import { Lab } from './support/lab.ts';

const ACK = (seq: number, ack: number): string => `A seq=${seq} ack=${ack} win=64 len=0`;
const FIN = (seq: number, ack: number): string => `FA seq=${seq} ack=${ack} win=64 len=0`;

describe('tcp CLOSE-WAIT: the program ended first', () => {
  it('half-close: a late answer still goes', () => {
    const lab = new Lab();
    const flow = lab.establish();
    lab.segment({ seq: 1, ack: 1, flags: 'F', payload: 'query' });
    assert.deepEqual(lab.takeEvents(), ['data 5', 'end']);
    assert.deepEqual(lab.out(), [ACK(1, 7)]);
    lab.wait(3_600_000);
    flow.send(Buffer.from('answer'));
    lab.flush();
    assert.deepEqual(lab.out(), ['PA seq=1 ack=7 win=64 len=6']);
    lab.segment({ seq: 7, ack: 7 });
    flow.end();
    lab.flush();
    assert.deepEqual(lab.out(), [FIN(7, 7)]);
    // LAST-ACK
    lab.segment({ seq: 7, ack: 8 });
    assert.deepEqual(lab.takeEvents(), ['closed']);
    assert.equal(lab.stack.counters.tcpFlows, 0);
    assert.equal(lab.stack.nextWakeup(), null);
  });

  it('a repeated FIN is acknowledged again', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 1, ack: 1, flags: 'F' });
    lab.out();
    lab.segment({ seq: 1, ack: 1, flags: 'F' });
    assert.deepEqual(lab.out(), [ACK(1, 2)]);
    assert.deepEqual(lab.takeEvents(), ['end']);
  });

  it('a FIN before its turn waits for the data', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 4, ack: 1, flags: 'F', payload: 'two' });
    assert.deepEqual(lab.takeEvents(), []);
    lab.segment({ seq: 1, ack: 1, payload: 'one' });
    assert.deepEqual(lab.takeEvents(), ['data 3', 'data 3', 'end']);
    assert.deepEqual(lab.out().at(-1), ACK(1, 8));
  });

  it('a FIN that just does not fit into the window is taken', () => {
    const lab = new Lab();
    lab.establish(4096, false);
    lab.segment({ seq: 1, ack: 1, flags: 'F', payload: Buffer.alloc(4096) });
    assert.deepEqual(lab.takeEvents(), ['data 4096', 'end']);
  });

  it('RST in LAST-ACK ends it', () => {
    const lab = new Lab();
    const flow = lab.establish();
    lab.segment({ seq: 1, ack: 1, flags: 'F' });
    flow.end();
    lab.flush();
    lab.segment({ seq: 2, flags: 'R' });
    assert.deepEqual(lab.takeEvents(), ['end', 'reset']);
  });
});

describe('tcp FIN-WAIT: the far side ended first', () => {
  it('FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT; data still comes meanwhile', () => {
    const lab = new Lab();
    const flow = lab.establish();
    flow.end();
    lab.flush();
    assert.deepEqual(lab.out(), [FIN(1, 1)]);
    lab.segment({ seq: 1, ack: 1, payload: 'crossing' });
    lab.segment({ seq: 9, ack: 2 });
    lab.segment({ seq: 9, ack: 2, payload: 'later' });
    assert.deepEqual(lab.takeEvents(), ['data 8', 'data 5']);
    lab.wait(3_600_000);
    lab.out();
    lab.segment({ seq: 14, ack: 2, flags: 'F' });
    assert.deepEqual(lab.takeEvents(), ['end', 'closed']);
    assert.deepEqual(lab.out(), [ACK(2, 15)]);
    assert.equal(lab.stack.counters.tcpFlows, 1);
    lab.wait(TIME_WAIT);
    assert.equal(lab.stack.counters.tcpFlows, 0);
  });

  it('CLOSING: both end at once', () => {
    const lab = new Lab();
    const flow = lab.establish();
    flow.end();
    lab.flush();
    lab.segment({ seq: 1, ack: 1, flags: 'F' });
    assert.deepEqual(lab.out(), [FIN(1, 1), ACK(2, 2)]);
    assert.deepEqual(lab.takeEvents(), ['end']);
    lab.segment({ seq: 2, ack: 2 });
    assert.deepEqual(lab.takeEvents(), ['closed']);
  });

  it('the program’s RST in FIN-WAIT-2 is told', () => {
    const lab = new Lab();
    const flow = lab.establish();
    flow.end();
    lab.flush();
    lab.segment({ seq: 1, ack: 2 });
    lab.segment({ seq: 1, flags: 'R' });
    assert.deepEqual(lab.takeEvents(), ['reset']);
  });
});

describe('tcp TIME-WAIT', () => {
  function timeWait(): Lab {
    const lab = new Lab();
    lab.establish().end();
    lab.flush();
    lab.segment({ seq: 1, ack: 2, flags: 'F' });
    lab.out();
    lab.takeEvents();
    return lab;
  }

  it('acknowledges a repeated FIN and waits anew', () => {
    const lab = timeWait();
    lab.wait(TIME_WAIT - 1);
    lab.segment({ seq: 1, ack: 2, flags: 'F' });
    assert.deepEqual(lab.out(), [ACK(2, 2)]);
    lab.wait(TIME_WAIT - 1);
    assert.equal(lab.stack.counters.tcpFlows, 1);
    lab.wait(1);
    assert.equal(lab.stack.counters.tcpFlows, 0);
  });

  it('a SYN with a higher number opens the port again, a lower one is challenged', () => {
    const lab = timeWait();
    lab.segment({ seq: -5000, flags: 'S' });
    assert.deepEqual(lab.out(), [ACK(2, 2)]);
    assert.equal(lab.tcp.length, 1);
    lab.segment({ seq: 100_000, flags: 'S' });
    assert.equal(lab.tcp.length, 2);
    assert.equal(lab.stack.counters.tcpFlows, 1);
    assert.deepEqual(lab.takeEvents(), []);
  });

  it('an RST ends it in silence', () => {
    const lab = timeWait();
    lab.segment({ seq: 2, flags: 'R' });
    assert.equal(lab.stack.counters.tcpFlows, 0);
    assert.deepEqual(lab.takeEvents(), []);
  });
});

describe('tcp reset by the handler', () => {
  it('leaves at once with the next number, and nothing is left', () => {
    const lab = new Lab();
    const flow = lab.establish();
    flow.send(Buffer.alloc(100));
    lab.flush();
    lab.out();
    flow.reset();
    assert.deepEqual(lab.out(), ['RA seq=101 ack=1 win=0 len=0']);
    assert.equal(lab.stack.counters.tcpFlows, 0);
    flow.send(Buffer.alloc(1));
    flow.end();
    flow.reset();
    flow.consumed(5);
    lab.flush();
    lab.wait(100_000);
    lab.assertNothingSaid();
    assert.deepEqual(lab.takeEvents(), []);
  });

  it('goes behind what was sent before it', () => {
    const lab = new Lab();
    const flow = lab.establish();
    flow.send(Buffer.from('too large'));
    flow.reset();
    lab.flush();
    assert.deepEqual(lab.out(), ['PA seq=1 ack=1 win=64 len=9', 'RA seq=10 ack=1 win=0 len=0']);
    assert.equal(lab.stack.counters.tcpFlows, 0);
    assert.deepEqual(lab.takeEvents(), []);
  });

  it('waits for the handshake where something was sent', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S' });
    lab.accept();
    lab.flow.send(Buffer.from('busy'));
    lab.flow.reset();
    lab.flush();
    assert.equal(lab.out().length, 1);
    lab.segment({ seq: 1, ack: 1, payload: 'question' });
    assert.deepEqual(lab.out(), ['PA seq=1 ack=1 win=65535 len=4', 'RA seq=5 ack=1 win=0 len=0']);
    assert.deepEqual(lab.takeEvents(), []);
  });

  for (const next of ['reads', 'writes', 'closes'] as const) {
    it(`waits for a program that does not read, until it ${next}`, () => {
      const lab = new Lab();
      const flow = lab.establish(65_536, true, { window: 0 });
      lab.segment({ seq: 1, ack: 1, window: 0 });
      flow.send(Buffer.from('late'));
      flow.reset();
      lab.flush();
      assert.deepEqual(lab.out(), []);
      if (next === 'reads') lab.segment({ seq: 1, ack: 1, window: 100 });
      else if (next === 'writes') lab.segment({ seq: 1, ack: 1, window: 0, payload: 'x' });
      else lab.segment({ seq: 1, flags: 'R' });
      assert.deepEqual(
        lab.out().map((line) => line.split(' ')[0]),
        { reads: ['PA', 'RA'], writes: ['RA'], closes: [] }[next],
      );
      assert.equal(lab.stack.counters.tcpFlows, 0);
      assert.deepEqual(lab.takeEvents(), []);
    });
  }

  it('may happen within any event', () => {
    for (const event of ['data', 'end', 'drain'] as const) {
      const lab = new Lab();
      lab.segment({ seq: 0, flags: 'S' });
      const { flow } = lab;
      const told: string[] = [];
      const on = (name: string) => (): void => {
        told.push(name);
        if (name === event) flow.reset();
      };
      flow.accept(
        { data: on('data'), end: on('end'), drain: on('drain'), reset: on('reset'), closed: on('closed') },
        8192,
      );
      lab.segment({ seq: 1, ack: 1 });
      while (flow.send(Buffer.alloc(30_000)));
      lab.flush();
      let ack = 1;
      for (let i = 0; i < 60 && lab.stack.counters.tcpFlows > 0; i++) {
        for (const line of lab.out())
          ack = Math.max(ack, Number(/seq=(\d+)/.exec(line)![1]) + Number(/len=(\d+)/.exec(line)![1]));
        lab.segment({ seq: 1, ack });
      }
      lab.segment({ seq: 1, ack, payload: 'x', flags: 'F' });
      assert.equal(told.at(-1), event);
      assert.equal(lab.stack.counters.tcpFlows, 0);
    }
  });

  it('close() of the stack tells every program and every handler', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 0, flags: 'S', sourcePort: 1 });
    lab.stack.close();
    assert.deepEqual(lab.out().sort(), ['RA seq=0 ack=1 win=0 len=0', 'RA seq=1 ack=1 win=0 len=0']);
    assert.deepEqual(lab.takeEvents().sort(), ['abandoned', 'reset']);
    assert.equal(lab.stack.counters.tcpFlows, 0);
  });
});
