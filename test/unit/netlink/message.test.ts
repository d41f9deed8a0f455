import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  attribute,
  decodeMessages,
  encodeMessage,
  FLAG,
  findAttribute,
  nested,
  text,
} from '../../../src/netlink/message.ts';

describe('netlink messages', () => {
  const body = [attribute(1, Buffer.from('abc')), nested(2, text(3, 'deep'))];
  const message = encodeMessage(0x0a00, FLAG.request | FLAG.ack, 7, ...body);

  it('are laid out as linux/netlink.h says', () => {
    const expected = [
      [40, 0, 0, 0, 0x00, 0x0a, 0x05, 0x00, 7, 0, 0, 0, 0, 0, 0, 0],
      [7, 0, 1, 0, 0x61, 0x62, 0x63, 0],
      [16, 0, 2, 0x80, 9, 0, 3, 0, 0x64, 0x65, 0x65, 0x70, 0, 0, 0, 0],
    ];
    assert.deepEqual([...message], expected.flat());
  });

  it('come back as they went, several in one read', () => {
    const [first, second, ...more] = decodeMessages(Buffer.concat([message, encodeMessage(3, 0, 8)]));
    assert.deepEqual([first?.type, first?.sequence, second?.type, second?.sequence], [0x0a00, 7, 3, 8]);
    assert.deepEqual(first?.body, Buffer.concat(body));
    assert.equal(more.length, 0);
  });

  it('that are cut off are left out, at whatever byte', () => {
    for (let length = 0; length < message.length; length++)
      assert.deepEqual([...decodeMessages(message.subarray(0, length))], []);
  });

  it('have attributes that are found by their type, nested ones too', () => {
    const attributes = Buffer.concat(body);
    assert.deepEqual(findAttribute(attributes, 1)?.toString(), 'abc');
    assert.deepEqual(findAttribute(findAttribute(attributes, 2) ?? Buffer.alloc(0), 3)?.toString(), 'deep\0');
    assert.equal(findAttribute(attributes, 9), undefined);
  });

  it('with attributes that make no sense end there', () => {
    const attributes = Buffer.concat(body);
    for (let at = 0; at < attributes.length; at++) {
      for (const value of [0, 1, 3, 0xff]) {
        const spoiled = Buffer.from(attributes);
        spoiled[at] = value;
        for (const type of [1, 2, 3, 9]) findAttribute(spoiled.subarray(0, attributes.length - (at % 5)), type);
      }
    }
  });
});
