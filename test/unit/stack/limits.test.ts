import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  HALF_OPEN,
  HALF_OPEN_MIN_AGE,
  HALF_OPEN_PER_DESTINATION,
  OUT_OF_ORDER,
  TIME_WAITS,
} from '../../../src/stack/limits.ts';
import { Lab, tcpPacket, type SegmentFields } from './support/lab.ts';

const FLOOD = 100_000;

/** A SYN of its own four-tuple for every number. */
const syn = (i: number, port: number): SegmentFields => ({
  seq: 0,
  flags: 'S',
  sourcePort: 1024 + (i % 60_000),
  port: port + Math.floor(i / 60_000),
});

describe('stack under attack', function () {
  // Hundreds of thousands of packets, on a machine that may be busy.
  this.timeout(30_000);

  it('100,000 SYNs: bounded, and established flows go on', () => {
    const lab = new Lab();
    const flow = lab.establish();
    for (let i = 0; i < FLOOD; i++) lab.segment(syn(i, 1000 + (i & 63)));
    assert.ok(lab.tcp.length <= HALF_OPEN + 1, String(lab.tcp.length));
    assert.ok(lab.stack.counters.tcpFlows <= HALF_OPEN + 1);
    lab.assertNothingSaid();
    lab.segment({ seq: 1, ack: 1, payload: 'still here' });
    assert.deepEqual(lab.takeEvents(), ['data 10']);
    lab.out();
    flow.send(Buffer.from('yes'));
    lab.flush();
    assert.deepEqual(lab.out(), ['PA seq=1 ack=11 win=64 len=3']);
    lab.wait(60_000);
    lab.out();
    assert.equal(lab.stack.counters.tcpFlows, 1);
    assert.equal(lab.takeEvents().filter((event) => event === 'abandoned').length, lab.tcp.length - 1);
  });

  it('a flood that lasts gives old dials up for new ones, and no young ones', () => {
    const lab = new Lab();
    for (let i = 0; i < HALF_OPEN; i++) lab.segment(syn(i, 1000 + (i & 63)));
    lab.segment({ seq: 0, flags: 'S', sourcePort: 65_000 });
    assert.equal(lab.tcp.length, HALF_OPEN);
    lab.time += 1000;
    lab.segment({ seq: 0, flags: 'S', sourcePort: 65_000 });
    assert.equal(lab.tcp.length, HALF_OPEN + 1);
    assert.deepEqual(lab.takeEvents(), ['abandoned']);
    assert.equal(lab.flow.source.port, 65_000);
  });

  it('programs that are not there do not hold their accepted flows against others', () => {
    const lab = new Lab();
    for (let i = 0; i < 3 * HALF_OPEN_PER_DESTINATION; i++) {
      if (i % HALF_OPEN_PER_DESTINATION === 0) lab.wait(HALF_OPEN_MIN_AGE);
      lab.segment(syn(i, 80));
      lab.accept();
    }
    assert.equal(lab.tcp.length, 3 * HALF_OPEN_PER_DESTINATION);
    assert.equal(lab.stack.counters.tcpFlows, HALF_OPEN_PER_DESTINATION);
    assert.equal(lab.takeEvents().filter((event) => event === 'reset').length, 2 * HALF_OPEN_PER_DESTINATION);
  });

  it('a port scan is answered port by port, and leaves nothing behind', () => {
    const lab = new Lab({ handler: { tcp: (flow) => flow.refuse('refused') } });
    for (let port = 1; port < 65_536; port++) lab.segment({ seq: 0, flags: 'S', port });
    assert.equal(lab.out().length, 65_535);
    assert.equal(lab.stack.counters.tcpFlows, 0);
    assert.equal(lab.stack.nextWakeup(), null);
  });

  it('one destination does not take all dials', () => {
    const lab = new Lab();
    for (let i = 0; i < HALF_OPEN_PER_DESTINATION + 5; i++) lab.segment(syn(i, 80));
    assert.equal(lab.tcp.length, HALF_OPEN_PER_DESTINATION);
    lab.wait(HALF_OPEN_MIN_AGE);
    lab.segment(syn(HALF_OPEN_PER_DESTINATION + 6, 80));
    assert.equal(lab.tcp.length, HALF_OPEN_PER_DESTINATION);
    assert.deepEqual(lab.takeEvents(), []);
    lab.segment({ seq: 0, flags: 'S', port: 81 });
    assert.equal(lab.flow.destination.port, 81);
    lab.tcp[0].refuse('refused');
    lab.segment(syn(HALF_OPEN_PER_DESTINATION, 80));
    assert.equal(lab.tcp.length, HALF_OPEN_PER_DESTINATION + 2);
  });

  it('10,000 flows at once carry data both ways', () => {
    const lab = new Lab();
    const count = 10_000;
    for (let i = 0; i < count; i++) {
      const sourcePort = 20_000 + i;
      lab.segment({ seq: 0, flags: 'S', sourcePort });
      lab.accept();
      lab.segment({ seq: 1, ack: 1, sourcePort });
    }
    lab.out();
    for (let i = 0; i < count; i++) lab.segment({ seq: 1, ack: 1, sourcePort: 20_000 + i, payload: 'x' });
    assert.equal(lab.received.length, count);
    assert.equal(lab.out().length, count);
    for (const flow of lab.tcp) flow.send(Buffer.from('y'));
    lab.flush();
    assert.equal(lab.out().length, count);
    assert.equal(lab.stack.counters.tcpFlows, count);
  });

  it('TIME-WAIT is bounded', () => {
    const lab = new Lab();
    for (let i = 0; i < TIME_WAITS + 10; i++) {
      const sourcePort = 20_000 + i;
      lab.segment({ seq: 0, flags: 'S', sourcePort });
      lab.accept();
      lab.segment({ seq: 1, ack: 1, sourcePort });
      lab.flow.end();
      lab.flush();
      lab.segment({ seq: 1, ack: 2, flags: 'F', sourcePort });
    }
    assert.equal(lab.stack.counters.tcpFlows, TIME_WAITS);
  });

  it('bytes out of order are bounded, and come again', () => {
    const lab = new Lab();
    const window = 4 * OUT_OF_ORDER;
    lab.establish(window);
    const size = 60_000;
    let seq = 1 + size;
    for (; seq < OUT_OF_ORDER * 2; seq += size) lab.segment({ seq, ack: 1, payload: new Uint8Array(size) });
    lab.segment({ seq: 1, ack: 1, payload: new Uint8Array(size) });
    assert.ok(lab.received.length <= OUT_OF_ORDER + size);
    assert.ok(lab.received.length > OUT_OF_ORDER - size);
    lab.segment({ seq: 1 + lab.received.length, ack: 1, payload: 'more' });
    assert.equal(lab.received.subarray(-4).toString(), 'more');
  });

  it('any bytes are dropped or answered, never thrown at', () => {
    const fields = fc.record({
      seq: fc.integer({ min: -70_000, max: 70_000 }),
      ack: fc.option(fc.integer({ min: -10, max: 20_000 }), { nil: -1 }),
      flags: fc.constantFrom('', 'S', 'F', 'R', 'P', 'SF', 'FP', 'SR'),
      window: fc.nat(65_535),
      payload: fc.uint8Array({ maxLength: 100 }),
      options: fc.nat(3).chain((n) => fc.uint8Array({ minLength: n * 4, maxLength: n * 4 })),
    });
    const spoiled = fc.tuple(fields, fc.nat(), fc.nat(255)).map(([segment, at, value]) => {
      const packet = tcpPacket(false, segment);
      packet[10 + (at % (packet.length - 10))] = value;
      return packet;
    });
    const packets = fc.array(
      fc.oneof(
        fields.map((segment) => tcpPacket(false, segment)),
        spoiled,
        fc.uint8Array({ maxLength: 200 }),
      ),
      {
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(packets, fc.boolean(), (list, ends) => {
        const lab = new Lab();
        lab.establish().send(new Uint8Array(10_000));
        if (ends) lab.flow.end();
        for (const packet of list) lab.device.deliver([packet]);
        lab.wait(400_000);
        for (const flow of lab.tcp) flow.refuse('refused');
        assert.ok(lab.stack.counters.tcpFlows <= 1 + list.length);
      }),
      { numRuns: 300 },
    );
  });
});
