import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import fc from 'fast-check';
import { Http2Error } from '../../../src/splitter/http2/error.ts';
import { NO_SECRETS } from '../../../src/splitter/http2/hpack/block.ts';
import { Decoder } from '../../../src/splitter/http2/hpack/decoder.ts';
import { encodeBlock } from '../../../src/splitter/http2/hpack/encoder.ts';
import { decodeHuffman } from '../../../src/splitter/http2/hpack/huffman.ts';
import { STATIC, STATIC_LENGTH } from '../../../src/splitter/http2/hpack/static-table.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const date = 'Mon, 21 Oct 2013 20:13:21 GMT';
const later = 'Mon, 21 Oct 2013 20:13:22 GMT';
const cookie = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';

/** All bytes in a row, in the Huffman code, as another implementation writes it (the Python package hpack). */
const ALL_BYTES =
  'ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabffffffdfffffebfffffecfff' +
  'ffedfffffeefffffefffffff0ffffff1ffffff2fffffffbfffffcffffffd3fffffd7fffffdbfffffdffffffe3fffffe7fffffebfffffed' +
  '4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b71d79fb9f7fff20ffbff3ff50ddbd7f061c58f265cd9f469d5af66dddbf871e5f9c' +
  'ff7ff7fffc3ff9ffe45fff4719242cb34e6e9d68a6a3d7dac426defe3cfaf7fffbfe7ffbffdffffffcfffe6ffff4bfff9ffffa3fffd3ff' +
  'ff53fffd5ffffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffbfffffd9ffffdbfffebffffe0ffffeeffffc3ffff8bffff1fff' +
  'fe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdafffeeffff4ffffb7fffee7fffe8ffffd3fffdeffffd5fffeeffffbdffffe1f' +
  'ffdfffff7fffff5ffffecffff07fff87fffe0ffff17fffedffff87ffff77fffeffffeaffff8bfffe3ffff93ffff87fffcbffff37ffff1f' +
  'ffff83ffffe1fffebfffe3ffff3fffff2ffffa3ffffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8ffff' +
  'fe6fffffc1fffff87ffffe7fffffc5ffffe5fffe4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdff' +
  'ff4ffff9ffffd1ffffcffffeaffffafffffddffffeffffff4fffff5fffffabffffa7ffffd7fffff9bffffecfffffb7fffff3fffffe8fff' +
  'ffd3fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7ffffff0fffffbbf';

describe('header blocks of HTTP/2', () => {
  it('know the static table', () => {
    equal(STATIC_LENGTH, 61);
    deepEqual(STATIC.slice(2 * (16 - 1), 2 * 16), ['accept-encoding', 'gzip, deflate']);
    deepEqual(STATIC.slice(-2), ['www-authenticate', '']);
  });

  // RFC 7541, appendix C: the blocks of one connection, in their order.
  const REQUEST = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'];
  const SECOND = [...REQUEST, 'cache-control', 'no-cache'];
  const THIRD = [':method', 'GET', ':scheme', 'https', ':path', '/index.html', ':authority', 'www.example.com'];
  const ANSWER = [':status', '302', 'cache-control', 'private', 'date', date, 'location', 'https://www.example.com'];
  const EXAMPLES: Readonly<Record<string, readonly (readonly [string, readonly string[]])[]>> = {
    'C.3: requests without Huffman': [
      ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', REQUEST],
      ['8286 84be 5808 6e6f 2d63 6163 6865', SECOND],
      [
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
        [...THIRD, 'custom-key', 'custom-value'],
      ],
    ],
    'C.4: requests with Huffman': [
      ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', REQUEST],
      ['8286 84be 5886 a8eb 1064 9cbf', SECOND],
      ['8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf', [...THIRD, 'custom-key', 'custom-value']],
    ],
    'C.6: answers with Huffman, in a table of 256 bytes': [
      ['3fe1 01', []],
      [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        ANSWER,
      ],
      ['4883 640e ffc1 c0bf', [':status', '307', ...ANSWER.slice(2)]],
      [
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
        [
          ':status',
          '200',
          'cache-control',
          'private',
          'date',
          later,
          'location',
          'https://www.example.com',
          'content-encoding',
          'gzip',
          'set-cookie',
          cookie,
        ],
      ],
    ],
  };
  for (const [name, blocks] of Object.entries(EXAMPLES)) {
    it(`are read as in RFC 7541, ${name}`, () => {
      const decoder = new Decoder();
      for (const [hex, fields] of blocks) deepEqual(decoder.decode(bytes(hex)).fields, fields);
    });
  }

  const text = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 200,
  });
  const block = fc.array(fc.tuple(fc.oneof(text, fc.constantFrom(':path', 'cookie', 'via')), text, fc.boolean()));

  it('are written so that any decoder reads them, secrets kept', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 4 }), (blocks) => {
        const decoder = new Decoder();
        for (const pairs of blocks) {
          const secrets = new Set(pairs.flatMap(([, , isSecret], at) => (isSecret ? [2 * at] : [])));
          const fields = pairs.flatMap(([name, value]) => [name, value]);
          const read = decoder.decode(encodeBlock({ fields, secrets }, [0, 100]));
          deepEqual([read.fields, [...read.secrets]], [fields, [...secrets]]);
        }
      }),
    );
  });

  it('never throw anything but a violation, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (blocks) => {
        const decoder = new Decoder();
        for (const one of blocks) {
          try {
            decoder.decode(Buffer.from(one));
          } catch (error) {
            ok(error instanceof Http2Error);
          }
        }
      }),
      { numRuns: 5_000 },
    );
  });

  const REFUSED: Readonly<Record<string, string>> = {
    'index 0': '80',
    'an index behind the table': 'be',
    'an integer without end': `ff${'80'.repeat(20)}`,
    'a huge integer': 'ffffffffffff7f',
    'a block that ends in an integer': 'ff80',
    'a block that ends in a string': '400a6375',
    'a table that is larger than allowed': '3fe2ff03',
    'a size behind a field': '8220',
    'the end of a string in a string': '0084fffffffc00',
    'padding of zeros': '00811800',
    'padding of eight bits': '0081ff00',
  };
  for (const [name, hex] of Object.entries(REFUSED))
    it(`are refused with ${name}`, () => throws(() => new Decoder().decode(bytes(hex)), Http2Error));

  it('are refused when their fields are more than a megabyte', () => {
    const first = encodeBlock({ fields: ['x', 'a'.repeat(3_000)], secrets: NO_SECRETS }, []);
    first[0] = 0x40;
    throws(() => new Decoder().decode(Buffer.concat([first, Buffer.alloc(400, 0xbe)])), /too many fields/);
  });

  it('may use the table that was announced, and no more', () => {
    const decoder = new Decoder();
    decoder.allow(10_000);
    decoder.allow(100);
    decoder.decode(encodeBlock({ fields: [], secrets: NO_SECRETS }, [10_000]));
    throws(() => decoder.decode(encodeBlock({ fields: [], secrets: NO_SECRETS }, [10_001])), Http2Error);
  });

  it('have every symbol of the Huffman code', () => {
    const all = bytes(ALL_BYTES);
    equal(
      decodeHuffman(all, 0, all.length),
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1'),
    );
  });
});
