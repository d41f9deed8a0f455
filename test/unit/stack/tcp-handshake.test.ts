import assert from 'node:assert/strict';
import { synOptions } from '../../../src/packet/index.ts';
import { SYN_PATIENCE } from '../../../src/stack/limits.ts';
import { Lab, PROGRAM, PROGRAM6, SERVICE, SERVICE6 } from './support/lab.ts';

const SYN_OPTIONS = synOptions(1460, 7, true);

describe('tcp HELD: the SYN waits for the dial', () => {
  it('says nothing, and tells the handler who wants what', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S', options: SYN_OPTIONS });
    lab.assertNothingSaid();
    assert.deepEqual(lab.flow.source, { host: PROGRAM, port: 40_000 });
    assert.deepEqual(lab.flow.destination, { host: SERVICE, port: 80 });
    assert.equal(lab.stack.counters.tcpFlows, 1);
  });

  it('does the same with IPv6', () => {
    const lab = new Lab({ v6: true });
    lab.segment({ seq: 0, flags: 'S', options: SYN_OPTIONS });
    assert.deepEqual(lab.flow.source, { host: PROGRAM6, port: 40_000 });
    assert.deepEqual(lab.flow.destination, { host: SERVICE6, port: 80 });
    lab.accept();
    assert.deepEqual(lab.out(), ['SA seq=0 ack=1 win=65535 len=0 mss=1440 ws=10 sack']);
  });

  it('absorbs SYN retransmissions', () => {
    const lab = new Lab();
    for (let i = 0; i < 5; i++) {
      lab.segment({ seq: 0, flags: 'S', options: SYN_OPTIONS });
      lab.wait(1000);
    }
    assert.equal(lab.tcp.length, 1);
    lab.assertNothingSaid();
  });

  it('is abandoned when the SYNs cease', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S' });
    lab.wait(SYN_PATIENCE - 1);
    assert.deepEqual(lab.takeEvents(), []);
    lab.wait(2);
    assert.deepEqual(lab.takeEvents(), ['abandoned']);
    assert.equal(lab.stack.counters.tcpFlows, 0);
    lab.accept();
    lab.flow.refuse('refused');
    lab.assertNothingSaid();
    assert.equal(lab.stack.nextWakeup(), null);
  });

  it('waits longer when the SYNs come at longer intervals', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S' });
    lab.wait(4000);
    lab.segment({ seq: 0, flags: 'S' });
    lab.wait(12_000);
    assert.deepEqual(lab.takeEvents(), []);
    lab.wait(2000);
    assert.deepEqual(lab.takeEvents(), ['abandoned']);
  });

  it('is abandoned by a matching RST, not by another', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S' });
    lab.segment({ seq: 500, flags: 'R' });
    assert.deepEqual(lab.takeEvents(), []);
    lab.segment({ seq: 1, flags: 'R' });
    assert.deepEqual(lab.takeEvents(), ['abandoned']);
  });

  it('makes way for a SYN with another number: the port is used anew', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S' });
    lab.segment({ seq: 900, flags: 'S' });
    assert.equal(lab.tcp.length, 2);
    assert.deepEqual(lab.takeEvents(), ['abandoned']);
    assert.equal(lab.stack.counters.tcpFlows, 1);
  });
});

describe('tcp HELD: the dial failed', () => {
  const cases = [
    ['refused', false, ['RA seq=0 ack=1 win=0 len=0']],
    ['host-unreachable', false, ['icmp 3/1']],
    ['network-unreachable', false, ['icmp 3/0']],
    ['prohibited', false, ['icmp 3/13']],
    ['timeout', false, []],
    ['refused', true, ['RA seq=0 ack=1 win=0 len=0']],
    ['host-unreachable', true, ['icmp 1/3']],
    ['network-unreachable', true, ['icmp 1/0']],
    ['prohibited', true, ['icmp 1/1']],
    ['timeout', true, []],
  ] as const;
  for (const [reason, v6, replies] of cases) {
    it(`${reason} over IPv${v6 ? 6 : 4}: ${replies[0] ?? 'silence'}`, () => {
      const lab = new Lab({ v6 });
      lab.segment({ seq: 0, flags: 'S' });
      lab.flow.refuse(reason);
      assert.deepEqual(lab.out(), replies);
      assert.equal(lab.stack.counters.tcpFlows, reason === 'timeout' ? 1 : 0);
    });
  }

  it('SILENT: the same SYN is not dialled again, a new one is', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S' });
    lab.flow.refuse('timeout');
    lab.wait(1000);
    lab.segment({ seq: 0, flags: 'S' });
    assert.equal(lab.tcp.length, 1);
    lab.segment({ seq: 77, flags: 'S' });
    assert.equal(lab.tcp.length, 2);
    assert.deepEqual(lab.takeEvents(), []);
  });
});

describe('tcp SYN-RECEIVED', () => {
  it('answers with MSS, window scale and SACK as far as they were offered', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S', options: synOptions(1460, null, false) });
    lab.accept(40_000);
    assert.deepEqual(lab.out(), ['SA seq=0 ack=1 win=40000 len=0 mss=1460']);
    lab.segment({ seq: 1, ack: 1, payload: 'x' });
    assert.deepEqual(lab.out(), ['A seq=1 ack=2 win=40000 len=0']);
  });

  it('ignores data of the SYN and does not acknowledge it', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S', payload: 'early' });
    lab.accept();
    assert.match(lab.out()[0], /^SA seq=0 ack=1 /);
    lab.segment({ seq: 1, ack: 1, payload: 'early' });
    assert.deepEqual(lab.takeEvents(), ['data 5']);
  });

  it('repeats its SYN-ACK by time and at a repeated SYN, and gives up with a reset', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S' });
    lab.accept();
    assert.equal(lab.out().length, 1);
    lab.segment({ seq: 0, flags: 'S' });
    assert.match(lab.out()[0], /^SA seq=0 ack=1 /);
    lab.wait(250);
    assert.match(lab.out()[0], /^SA seq=0 ack=1 /);
    lab.wait(500);
    assert.equal(lab.out().length, 1);
    lab.wait(300_000);
    assert.match(lab.out().at(-1)!, /^RA /);
    assert.deepEqual(lab.takeEvents(), ['reset']);
    assert.equal(lab.stack.counters.tcpFlows, 0);
  });

  it('holds back what the handler sends until the handshake is over', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S', options: SYN_OPTIONS });
    lab.accept();
    lab.flow.send(Buffer.from('220 ready\r\n'));
    lab.flow.end();
    lab.flush();
    assert.equal(lab.out().length, 1);
    lab.segment({ seq: 1, ack: 1 });
    assert.deepEqual(lab.out(), ['FPA seq=1 ack=1 win=64 len=11']);
  });

  it('sends the end of a service that says nothing once the handshake is over', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S', options: SYN_OPTIONS });
    lab.accept();
    lab.flow.end();
    lab.flush();
    assert.equal(lab.out().length, 1);
    lab.segment({ seq: 1, ack: 1 });
    assert.deepEqual(lab.out(), ['FA seq=1 ack=1 win=64 len=0']);
  });

  it('resets an acknowledgement of something else', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S' });
    lab.accept();
    lab.out();
    lab.segment({ seq: 1, ack: 999 });
    assert.deepEqual(lab.out(), ['R seq=999 win=0 len=0']);
    lab.segment({ seq: 1, ack: 1 });
    lab.assertNothingSaid();
  });

  it('is over at an RST', () => {
    const lab = new Lab();
    lab.segment({ seq: 0, flags: 'S' });
    lab.accept();
    lab.segment({ seq: 1, flags: 'R' });
    assert.deepEqual(lab.takeEvents(), ['reset']);
  });

  it('answers segments of no flow with RST, as RFC 9293 section 3.10.7.1 numbers it', () => {
    const lab = new Lab();
    lab.segment({ seq: 5, ack: 700, payload: 'abc' });
    assert.deepEqual(lab.out(), ['R seq=700 win=0 len=0']);
    lab.segment({ seq: 5, flags: 'F', payload: 'abc' });
    assert.deepEqual(lab.out(), ['RA seq=0 ack=9 win=0 len=0']);
    lab.segment({ seq: 5, flags: 'R' });
    lab.assertNothingSaid();
  });
});
