import assert from 'node:assert/strict';
import {
  checkHttpFilter,
  filterSpec,
  httpFilterSchema,
  type HttpFilter,
} from '../../../src/config/http-filter-schema.ts';

const read = (value: unknown): HttpFilter => httpFilterSchema.parse(value) ?? {};

describe("a filter of requests in mirrord's words", () => {
  for (const [value, spec] of [
    [{ header_filter: 'x-user: alice' }, { all_of: [{ header: 'x-user: alice' }] }],
    [{ path_filter: '^/api/' }, { all_of: [{ path: '^/api/' }] }],
    [{ method_filter: 'POST', ports: [80] }, { all_of: [{ method: 'POST' }] }],
    [
      { body_filter: { body: 'json', query: '$.user', matches: '^alice$' } },
      { all_of: [{ body: 'json', query: '$.user', matches: '^alice$' }] },
    ],
    [
      {
        any_of: [
          { path: '/a' },
          { header: '(?i)x: y' },
          { method: 'get' },
          { body: 'json', query: '$.a', matches: 'b' },
        ],
      },
      {
        any_of: [
          { path: '/a' },
          { header: '(?i)x: y' },
          { method: 'get' },
          { body: 'json', query: '$.a', matches: 'b' },
        ],
      },
    ],
    [{ all_of: [{ path: '/a' }] }, { all_of: [{ path: '/a' }] }],
    [{ ports: [80, 8080] }, null],
    [{}, null],
  ] as const) {
    it(JSON.stringify(value), () => {
      const filter = read(value);
      assert.deepEqual(checkHttpFilter(filter), []);
      assert.deepEqual(filterSpec(filter), spec);
    });
  }

  for (const [value, key, reason] of [
    [{ header_filter: 'a', path_filter: 'b' }, '', /one condition.*all_of or any_of/],
    [{ all_of: [{ path: 'a' }], any_of: [{ path: 'b' }] }, '', /one condition/],
    [{ header_filter: '(' }, 'header_filter', /./],
    [{ path_filter: '[z-a]' }, 'path_filter', /./],
    [{ method_filter: 'GET POST' }, 'method_filter', /not a method/],
    [{ body_filter: { body: 'json', query: 'user', matches: 'x' } }, 'body_filter', /./],
    [{ body_filter: { body: 'json', query: '$.user', matches: '*' } }, 'body_filter', /./],
    [{ all_of: [] }, 'all_of', /empty/],
    [{ any_of: [{ path: 'a' }, { header: '(' }] }, 'any_of[1].header', /./],
  ] as const) {
    it(`${JSON.stringify(value)} is refused`, () => {
      const [fault, ...others] = checkHttpFilter(read(value));
      assert.deepEqual([fault?.key, others], [key, []]);
      assert.match(fault?.reason ?? '', reason);
    });
  }
});
