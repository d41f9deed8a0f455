import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ICMP4,
  ICMP6,
  TcpOptions,
  TcpView,
  UdpView,
  decodeTcp,
  decodeTcpOptions,
  decodeUdp,
  encodeIcmp,
  encodeTcp,
  encodeUdp,
  encodeVnet,
  lowestSackEdge,
  sackOption,
  synOptions,
  vnetFlags,
  vnetGsoSize,
  vnetGsoType,
} from '../../../src/packet/index.ts';

const port = fc.nat(0xffff);
const number32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe('packet: TCP', () => {
  const options = fc.integer({ min: 0, max: 10 }).chain((n) => fc.uint8Array({ minLength: n * 4, maxLength: n * 4 }));

  it('comes back as it was written; cut anywhere it is refused', () => {
    const fields = fc.tuple(
      port,
      port,
      number32,
      number32,
      fc.nat(63),
      port,
      options,
      fc.uint8Array({ maxLength: 50 }),
    );
    fc.assert(
      fc.property(fields, ([source, destination, seq, ack, flags, window, list, payload]) => {
        const headerLength = 20 + list.length;
        const bytes = new Uint8Array(3 + headerLength + payload.length);
        encodeTcp(bytes, 3, source, destination, seq, ack, flags, window, list);
        bytes.set(payload, 3 + headerLength);
        const view = new TcpView();
        assert.equal(decodeTcp(bytes, 3, bytes.length - 3, view), null);
        assert.deepEqual(
          [view.sourcePort, view.destinationPort, view.seq, view.ack, view.flags, view.window],
          [source, destination, seq, ack, flags, window],
        );
        assert.deepEqual(bytes.subarray(view.options, view.options + view.optionsLength), list);
        assert.deepEqual(bytes.subarray(view.payload, view.payload + view.payloadLength), payload);
        for (let length = 0; length < headerLength; length++)
          assert.equal(decodeTcp(bytes, 3, length, view), 'tcp-truncated');
      }),
    );
  });

  it('options of a SYN come back', () => {
    const fields = fc.tuple(port, fc.option(fc.nat(20)), fc.boolean());
    fc.assert(
      fc.property(fields, ([mss, shift, sackPermitted]) => {
        const list = synOptions(mss, shift, sackPermitted);
        assert.equal(list.length % 4, 0);
        const bytes = new Uint8Array(20 + list.length);
        encodeTcp(bytes, 0, 1, 2, 0, 0, 2, 0, list);
        const view = new TcpView();
        const out = new TcpOptions();
        decodeTcp(bytes, 0, bytes.length, view);
        decodeTcpOptions(bytes, view, out);
        assert.deepEqual(Object.assign({}, out), {
          mss,
          windowShift: shift === null ? null : Math.min(14, shift),
          sackPermitted,
        });
      }),
    );
  });

  it('the lowest SACK edge above a number is found, across the wrap', () => {
    const blocks = fc
      .array(fc.nat(1 << 20), { minLength: 2, maxLength: 8 })
      .map((list) => list.slice(0, list.length & ~1));
    fc.assert(
      fc.property(number32, blocks, (base, offsets) => {
        const list = sackOption(offsets.map((offset) => (base - 1000 + offset) | 0));
        const bytes = new Uint8Array(20 + list.length);
        encodeTcp(bytes, 0, 1, 2, 0, 0, 16, 0, list);
        const view = new TcpView();
        assert.equal(decodeTcp(bytes, 0, bytes.length, view), null);
        const lefts = offsets.filter((offset, i) => i % 2 === 0 && offset > 1000);
        const expected = lefts.length === 0 ? null : (base - 1000 + Math.min(...lefts)) | 0;
        assert.equal(lowestSackEdge(bytes, view, base), expected);
      }),
    );
  });

  it('any option bytes are read without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 80 }), (bytes) => {
        const view = new TcpView();
        if (decodeTcp(bytes, 0, bytes.length, view) !== null) return;
        const out = new TcpOptions();
        decodeTcpOptions(bytes, view, out);
        assert.ok(out.windowShift === null || out.windowShift <= 14);
        lowestSackEdge(bytes, view, 0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('packet: UDP', () => {
  it('comes back as it was written; cut anywhere it is refused', () => {
    fc.assert(
      fc.property(port, port, port, fc.uint8Array({ maxLength: 60 }), (source, destination, checksum, payload) => {
        const bytes = new Uint8Array(2 + 8 + payload.length);
        encodeUdp(bytes, 2, source, destination, payload.length, checksum);
        bytes.set(payload, 10);
        const view = new UdpView();
        assert.equal(decodeUdp(bytes, 2, bytes.length - 2, false, view), null);
        assert.deepEqual([view.sourcePort, view.destinationPort, view.checksum], [source, destination, checksum]);
        assert.deepEqual(bytes.subarray(view.payload, view.payload + view.payloadLength), payload);
        for (let length = 0; length < bytes.length - 2; length++) {
          assert.equal(decodeUdp(bytes, 2, length, false, view), 'udp-truncated');
        }
      }),
    );
  });

  it('a length below its own header is refused; of a train it does not count', () => {
    const bytes = new Uint8Array(20);
    encodeUdp(bytes, 0, 1, 2, -4, 0);
    const view = new UdpView();
    assert.equal(decodeUdp(bytes, 0, 20, false, view), 'udp-length');
    assert.equal(decodeUdp(bytes, 0, 20, true, view), null);
    assert.equal(view.payloadLength, 12);
  });
});

describe('packet: ICMP and vnet header', () => {
  it('ICMP is written in network order', () => {
    const bytes = new Uint8Array(9);
    encodeIcmp(bytes, 1, ICMP4.unreachable, ICMP4.code.port, 0x01020304);
    assert.deepEqual([...bytes], [0, 3, 3, 0, 0, 1, 2, 3, 4]);
    assert.equal(ICMP6.echoReply, ICMP6.echoRequest + 1);
  });

  it('the vnet header is written in the machine’s order', () => {
    const bytes = new Uint8Array(10);
    encodeVnet(bytes, 1, 4, 0x0102, 0x05b4, 0x28, 0x10);
    assert.deepEqual([...bytes], [1, 4, 2, 1, 0xb4, 5, 0x28, 0, 0x10, 0]);
    bytes[1] |= 0x80;
    assert.deepEqual([vnetFlags(bytes, 0), vnetGsoType(bytes, 0), vnetGsoSize(bytes, 0)], [1, 4, 0x05b4]);
  });
});
