import assert from 'node:assert/strict';
import { GSO, VNET_HEADER_LENGTH, sackOption } from '../../../src/packet/index.ts';
import {
  EMPTY_ANSWER_INTERVAL,
  KEEPALIVE_IDLE,
  KEEPALIVE_INTERVAL,
  KEEPALIVE_PROBES,
} from '../../../src/stack/limits.ts';
import { Lab, PROGRAM_ISN, STACK_ISN } from './support/lab.ts';

const bytes = (length: number, fill = 'x'): Buffer => Buffer.alloc(length, fill);

describe('tcp ESTABLISHED: data from the program', () => {
  it('is delivered in order and acknowledged once per batch', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment(
      { seq: 1, ack: 1, payload: 'one' },
      { seq: 4, ack: 1, payload: 'two' },
      { seq: 7, ack: 1, payload: '3' },
    );
    assert.deepEqual(lab.takeEvents(), ['data 3', 'data 3', 'data 1']);
    assert.equal(lab.received.toString(), 'onetwo3');
    assert.deepEqual(lab.out(), ['A seq=1 ack=8 win=64 len=0']);
    assert.equal(lab.stack.counters.bytesUp, 7);
  });

  it('out of order is kept, reported at once by SACK, and delivered when its turn comes', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 4, ack: 1, payload: 'two' }, { seq: 10, ack: 1, payload: 'four' });
    assert.deepEqual(lab.out(), ['A seq=1 ack=1 win=64 len=0 sack=4,7', 'A seq=1 ack=1 win=64 len=0 sack=10,14,4,7']);
    assert.deepEqual(lab.takeEvents(), []);
    lab.segment({ seq: 1, ack: 1, payload: 'one' });
    assert.deepEqual(lab.out(), ['A seq=1 ack=7 win=64 len=0 sack=10,14']);
    lab.segment({ seq: 7, ack: 1, payload: '333' });
    assert.deepEqual(lab.out(), ['A seq=1 ack=14 win=64 len=0']);
    assert.equal(lab.received.toString(), 'onetwo333four');
  });

  it('that overlaps what is there is cut, in either place', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 1, ack: 1, payload: 'abcd' });
    lab.segment({ seq: 3, ack: 1, payload: 'cdef' });
    lab.segment({ seq: 9, ack: 1, payload: 'ijk' });
    lab.segment({ seq: 6, ack: 1, payload: 'fghijklm' });
    assert.equal(lab.received.toString(), 'abcdefghijklm');
  });

  it('wraps around 2^32', () => {
    const lab = new Lab();
    lab.establish();
    assert.ok((PROGRAM_ISN + 300) >>> 0 < 300);
    lab.segment({ seq: 1, ack: 1, payload: bytes(200) });
    lab.segment({ seq: 201, ack: 1, payload: bytes(200) });
    assert.equal(lab.received.length, 400);
    assert.match(lab.out().at(-1)!, /ack=401 /);
  });

  it('beyond the window is not taken, within it always', () => {
    const lab = new Lab();
    lab.establish(4096, false);
    lab.segment({ seq: 1, ack: 1, payload: bytes(4096) });
    assert.deepEqual(lab.out(), ['A seq=1 ack=4097 win=0 len=0']);
    lab.segment({ seq: 4097, ack: 1, payload: 'z' });
    assert.deepEqual(lab.out(), ['A seq=1 ack=4097 win=0 len=0']);
    lab.flow.consumed(1024);
    lab.flush();
    assert.deepEqual(lab.out(), ['A seq=1 ack=4097 win=1 len=0']);
    lab.segment({ seq: 4097, ack: 1, payload: bytes(2000) });
    assert.deepEqual(lab.out(), ['A seq=1 ack=5121 win=0 len=0']);
    assert.equal(lab.received.length, 5120);
  });

  it('a window update waits for a quarter of the window', () => {
    const lab = new Lab();
    lab.establish(65_536, false);
    lab.segment({ seq: 1, ack: 1, payload: bytes(60_000) });
    assert.deepEqual(lab.out(), ['A seq=1 ack=60001 win=6 len=0']);
    lab.flow.consumed(16_000);
    lab.flush();
    lab.assertNothingSaid();
    lab.flow.consumed(1000);
    lab.flush();
    assert.deepEqual(lab.out(), ['A seq=1 ack=60001 win=22 len=0']);
  });

  it('a smaller window never takes back what was offered', () => {
    const lab = new Lab();
    lab.establish(65_536, false);
    lab.flow.resize(4096);
    lab.segment({ seq: 1, ack: 1, payload: bytes(1024) });
    assert.deepEqual(lab.out(), ['A seq=1 ack=1025 win=63 len=0']);
    lab.segment({ seq: 1025, ack: 1, payload: bytes(63_000) });
    assert.equal(lab.received.length, 64_024);
    lab.flow.resize(1 << 20);
    lab.flush();
    assert.match(lab.out().at(-1)!, /win=961 /);
  });

  it('the right edge of the window never goes back, whatever the step of the field', () => {
    const lab = new Lab();
    lab.establish(65_536, false);
    let edge = 0;
    let seq = 1;
    for (const length of [1, 7, 1000, 1023, 1024, 1025, 30_001, 3, 20_000, 5000, 1]) {
      lab.segment({ seq, ack: 1, payload: bytes(length) });
      seq += length;
      const window = Number(/win=(\d+)/.exec(lab.out()[0])![1]) * 1024;
      assert.ok(seq + window >= edge, `${edge} back to ${seq + window}`);
      edge = seq + window;
    }
    assert.ok(edge <= 65_537 + 1024 * 11, String(edge));
  });

  it('an acknowledgement from the right edge counts, though the first byte of the window was lost', () => {
    const lab = new Lab();
    lab.establish(8192);
    lab.flow.send(bytes(1000));
    lab.flush();
    lab.segment({ seq: 1001, ack: 1, payload: bytes(7192) });
    lab.out();
    lab.segment({ seq: 8193, ack: 1001 });
    lab.wait(60_000);
    lab.assertNothingSaid();
  });

  it('zero-window and keepalive probes are answered', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 0, ack: 1 });
    assert.deepEqual(lab.out(), ['A seq=1 ack=1 win=64 len=0']);
    lab.segment({ seq: 0, ack: 1, payload: '?' });
    assert.deepEqual(lab.out(), ['A seq=1 ack=1 win=64 len=0']);
    assert.deepEqual(lab.takeEvents(), []);
  });
});

describe('tcp ESTABLISHED: data for the program', () => {
  it('of one turn leaves as one super-segment, its chunks gathered', () => {
    const lab = new Lab();
    const flow = lab.establish();
    for (let i = 0; i < 10; i++) assert.equal(flow.send(bytes(1000, String(i))), true);
    lab.assertNothingSaid();
    lab.flush();
    const [packet] = lab.device.sent;
    assert.equal(packet[1], GSO.tcp4);
    assert.equal(packet[4] | (packet[5] << 8), 1460);
    assert.equal(Buffer.from(packet.subarray(VNET_HEADER_LENGTH + 40)).toString()[9999], '9');
    assert.deepEqual(lab.out(), ['PA seq=1 ack=1 win=64 len=10000']);
    lab.segment({ seq: 1, ack: 10_001 });
    lab.assertNothingSaid();
    assert.equal(lab.stack.counters.bytesDown, 10_000);
    lab.wait(600_000);
    lab.assertNothingSaid();
  });

  it('falls into super-segments of whole MSS below 64 kB', () => {
    const lab = new Lab();
    const flow = lab.establish();
    lab.segment({ seq: 1, ack: 1, window: 4096 });
    flow.send(bytes(150_000));
    lab.flush();
    assert.deepEqual(
      lab.out().map((line) => line.replace(/ ack=.*len/, ' len')),
      ['A seq=1 len=64240', 'A seq=64241 len=64240', 'PA seq=128481 len=21520'],
    );
  });

  it('carries the acknowledgement of what came in the same turn', () => {
    const lab = new Lab();
    const flow = lab.establish();
    flow.send(Buffer.from('pong'));
    lab.segment({ seq: 1, ack: 1, payload: 'ping' });
    assert.deepEqual(lab.out(), ['PA seq=1 ack=5 win=64 len=4']);
  });

  it('keeps to the peer’s window, and sends no silly segments', () => {
    const lab = new Lab();
    const flow = lab.establish();
    // Scaled by 7: 3,072 bytes.
    lab.segment({ seq: 1, ack: 1, window: 24 });
    flow.send(bytes(8000));
    lab.flush();
    assert.deepEqual(lab.out(), ['A seq=1 ack=1 win=64 len=2920']);
    lab.segment({ seq: 1, ack: 2921, window: 1 });
    lab.assertNothingSaid();
    lab.segment({ seq: 1, ack: 2921, window: 63 });
    assert.deepEqual(lab.out(), ['PA seq=2921 ack=1 win=64 len=5080']);
  });

  it('tells when to stop and when to go on', () => {
    const lab = new Lab();
    const flow = lab.establish();
    lab.segment({ seq: 1, ack: 1, window: 65_535 });
    const chunk = bytes(65_536);
    let sent = 1;
    while (flow.send(chunk)) sent++;
    assert.ok(sent >= 15 && sent <= 17, String(sent));
    lab.flush();
    lab.segment({ seq: 1, ack: 1 + 5 * 65_536, window: 65_535 });
    assert.deepEqual(lab.takeEvents(), []);
    lab.segment({ seq: 1, ack: 1 + 10 * 65_536, window: 65_535 });
    assert.deepEqual(lab.takeEvents(), ['drain']);
  });

  it('an MSS of nonsense is raised, a missing one is the default', () => {
    for (const [options, expected] of [
      [Uint8Array.of(2, 4, 0, 1), 48],
      [new Uint8Array(0), 536],
    ] as const) {
      const lab = new Lab();
      const flow = lab.establish(65_536, true, { options });
      lab.segment({ seq: 1, ack: 1, window: 2000 });
      flow.send(bytes(1900));
      lab.flush();
      const [packet] = lab.device.take();
      assert.equal(packet[4] | (packet[5] << 8), expected);
    }
  });
});

describe('tcp ESTABLISHED: loss', () => {
  it('is repaired after three duplicate acknowledgements, hole by hole', () => {
    const lab = new Lab();
    const flow = lab.establish();
    for (let i = 0; i < 5; i++) {
      flow.send(bytes(1460));
      lab.flush();
    }
    lab.out();
    const dup = { seq: 1, ack: 1461 };
    lab.segment(dup);
    lab.segment(dup, dup);
    lab.assertNothingSaid();
    lab.segment(dup);
    assert.deepEqual(lab.out(), ['PA seq=1461 ack=1 win=64 len=5840']);
    lab.segment({ seq: 1, ack: 4381 });
    assert.deepEqual(lab.out(), ['PA seq=4381 ack=1 win=64 len=2920']);
    lab.segment({ seq: 1, ack: 7301 });
    lab.wait(100_000);
    lab.assertNothingSaid();
  });

  it('sends again no more than the hole that SACK shows', () => {
    const lab = new Lab();
    const flow = lab.establish();
    flow.send(bytes(14_600));
    lab.flush();
    lab.out();
    for (let i = 0; i < 4; i++) {
      const edges = [STACK_ISN + 1461 + 2920, STACK_ISN + 1461 + 2920 + 1460 * (i + 1)].map((edge) => edge | 0);
      lab.segment({ seq: 1, ack: 1461, options: sackOption(edges) });
    }
    assert.deepEqual(lab.out(), ['PA seq=1461 ack=1 win=64 len=2920']);
  });

  it('of the last segment is repaired by time, doubling, until the flow is given up', () => {
    const lab = new Lab();
    const flow = lab.establish();
    flow.send(Buffer.from('answer'));
    lab.flush();
    lab.out();
    const times: number[] = [];
    const start = lab.time;
    for (let i = 0; i < 200_000 && lab.stack.counters.tcpFlows > 0; i++) {
      lab.wait(1);
      if (lab.out().length > 0) times.push(lab.time - start);
    }
    assert.deepEqual(times.slice(0, 4), [200, 600, 1400, 3000]);
    assert.ok(times.at(-1)! > 100_000, 'R2 of RFC 9293 section 3.8.3');
    assert.deepEqual(lab.takeEvents(), ['reset']);
  });

  it('a FIN that was lost is sent again with the data before it', () => {
    const lab = new Lab();
    const flow = lab.establish();
    flow.send(Buffer.from('bye'));
    flow.end();
    lab.flush();
    assert.deepEqual(lab.out(), ['FPA seq=1 ack=1 win=64 len=3']);
    lab.wait(200);
    assert.deepEqual(lab.out(), ['FPA seq=1 ack=1 win=64 len=3']);
    lab.segment({ seq: 1, ack: 4 });
    assert.deepEqual(lab.out(), ['FA seq=4 ack=1 win=64 len=0']);
  });
});

describe('tcp ESTABLISHED: zero window of the program', () => {
  it('is probed with an old number, backing off, and left at once when it opens', () => {
    const lab = new Lab();
    const flow = lab.establish();
    lab.segment({ seq: 1, ack: 1, window: 0 });
    flow.send(bytes(3000));
    lab.flush();
    lab.assertNothingSaid();
    const times: number[] = [];
    const start = lab.time;
    for (let i = 0; i < 2900; i++) {
      lab.wait(1);
      for (const line of lab.out()) {
        assert.equal(line, 'A seq=0 ack=1 win=64 len=0');
        times.push(lab.time - start);
        lab.segment({ seq: 1, ack: 1, window: 0 });
      }
    }
    assert.deepEqual(times, [200, 600, 1400]);
    lab.segment({ seq: 1, ack: 1, window: 1000 });
    assert.deepEqual(lab.out(), ['PA seq=1 ack=1 win=64 len=3000']);
    lab.wait(20);
    assert.equal(lab.out().length, 1, 'the time-out is that of fresh data');
  });

  it('a program that never answers probes is given up', () => {
    const lab = new Lab();
    const flow = lab.establish();
    lab.segment({ seq: 1, ack: 1, window: 0 });
    flow.send(bytes(10));
    lab.flush();
    lab.wait(600_000);
    assert.deepEqual(lab.takeEvents(), ['reset']);
  });
});

describe('tcp ESTABLISHED: forged and stray segments (RFC 5961)', () => {
  it('an RST counts only with the exact number; within the window it is challenged', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 100_000, flags: 'R' });
    lab.assertNothingSaid();
    lab.segment({ seq: 10, flags: 'R' });
    assert.deepEqual(lab.out(), ['A seq=1 ack=1 win=64 len=0']);
    lab.segment({ seq: 1, flags: 'R' });
    assert.deepEqual(lab.takeEvents(), ['reset']);
    lab.assertNothingSaid();
    assert.equal(lab.stack.counters.tcpFlows, 0);
  });

  it('a SYN is challenged; the RST that this draws ends the old flow', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 5000, flags: 'S' });
    assert.deepEqual(lab.out(), ['A seq=1 ack=1 win=64 len=0']);
    lab.segment({ seq: 1, flags: 'R' });
    lab.segment({ seq: 5000, flags: 'S' });
    assert.equal(lab.tcp.length, 2);
  });

  it('an acknowledgement of what was never sent is challenged, its data not taken', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 1, ack: 50, payload: 'evil' });
    assert.deepEqual(lab.out(), ['A seq=1 ack=1 win=64 len=0']);
    assert.deepEqual(lab.takeEvents(), []);
  });

  it('a segment without ACK is ignored', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 1, flags: 'F', payload: 'evil' });
    assert.deepEqual(lab.takeEvents(), []);
  });

  it('urgent data are ordinary bytes in their place (README: what it does not do)', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 1, ack: 1, flags: 'U', payload: 'stop!' });
    assert.equal(lab.received.toString(), 'stop!');
  });

  it('challenges are limited', () => {
    const lab = new Lab();
    lab.establish();
    for (let i = 0; i < 5000; i++) lab.segment({ seq: 10, flags: 'R' });
    assert.equal(lab.out().length, 1);
    for (let i = 0; i < 2000; i++) lab.establish(65_536, true, { sourcePort: 2000 + i });
    for (let i = 0; i < 2000; i++) lab.segment({ seq: 10, flags: 'R', sourcePort: 2000 + i });
    assert.equal(lab.out().length, 999);
  });

  it('two flows that take each other for strangers do not answer for ever', () => {
    const lab = new Lab();
    lab.establish();
    for (let i = 0; i < 1000; i++) lab.segment({ seq: -1000, ack: 1 });
    assert.equal(lab.out().length, 1);
    lab.wait(EMPTY_ANSWER_INTERVAL);
    lab.segment({ seq: 0, ack: 1 });
    assert.equal(lab.out().length, 1);
  });
});

describe('tcp ESTABLISHED: a flow on which nothing happens', () => {
  it('is probed after two hours, for ever as long as a kernel answers', () => {
    const lab = new Lab();
    lab.establish();
    for (let i = 0; i < 3; i++) {
      lab.wait(KEEPALIVE_IDLE - 1);
      lab.assertNothingSaid();
      lab.wait(1);
      assert.deepEqual(lab.out(), ['A seq=0 ack=1 win=64 len=0']);
      lab.segment({ seq: 1, ack: 1 });
    }
    assert.deepEqual(lab.takeEvents(), []);
  });

  it('traffic of either direction is a sign of life', () => {
    const lab = new Lab();
    lab.establish();
    for (let i = 0; i < 5; i++) {
      lab.wait(KEEPALIVE_IDLE / 2);
      lab.segment({ seq: 1 + i, ack: 1, payload: 'x' });
      assert.deepEqual(lab.out(), [`A seq=1 ack=${i + 2} win=64 len=0`]);
    }
  });

  it('is given up when nobody answers, for both ends', () => {
    const lab = new Lab();
    lab.establish();
    lab.wait(KEEPALIVE_IDLE + KEEPALIVE_PROBES * KEEPALIVE_INTERVAL - 1);
    assert.equal(lab.out().length, KEEPALIVE_PROBES);
    assert.equal(lab.stack.counters.tcpFlows, 1);
    lab.wait(1);
    assert.deepEqual(lab.out(), ['RA seq=1 ack=1 win=0 len=0']);
    assert.deepEqual(lab.takeEvents(), ['reset']);
    assert.equal(lab.stack.counters.tcpFlows, 0);
    assert.equal(lab.stack.nextWakeup(), null);
  });

  it('a closed window is still probed in its own time', () => {
    const lab = new Lab();
    lab.establish();
    lab.segment({ seq: 1, ack: 1, window: 0 });
    lab.flow.send(bytes(10));
    lab.flush();
    lab.wait(1000);
    assert.ok(lab.out().length >= 2);
  });
});
