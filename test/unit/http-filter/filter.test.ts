import { deepEqual, equal } from 'node:assert/strict';
import { checkFilter, compileFilter } from '../../../src/http-filter/index.ts';
import type { Condition, RequestFacts } from '../../../src/http-filter/index.ts';

const request = (facts: Partial<RequestFacts>): RequestFacts => ({ method: 'GET', target: '/', headers: [], ...facts });
const verdict = (condition: Condition, facts: Partial<RequestFacts>): string =>
  compileFilter({ all_of: [condition] }).judge(request(facts));

describe('filters of requests', () => {
  it('search a header as "name: value", unanchored and without case', () => {
    const headers = ['host', 'a', 'x-user', 'Alice'];
    equal(verdict({ header: 'x-user: alice' }, { headers }), 'match');
    equal(verdict({ header: '^X-USER: ali' }, { headers }), 'match');
    equal(verdict({ header: '(?i)ALICE$' }, { headers }), 'match');
    equal(verdict({ header: 'host: a.*alice' }, { headers }), 'no-match');
  });

  it('search the path, then the path with its query', () => {
    equal(verdict({ path: '^/API$' }, { target: '/api?x=1' }), 'match');
    equal(verdict({ path: 'x=1' }, { target: '/api?x=1' }), 'match');
    equal(verdict({ path: '^/api$' }, { target: 'http://shop.example:8080/api' }), 'match');
    equal(verdict({ path: '^/$' }, { target: 'http://shop.example' }), 'match');
    equal(verdict({ path: 'shop' }, { target: 'http://shop.example/api' }), 'no-match');
  });

  it('compare the method as a whole, without case', () => {
    equal(verdict({ method: 'post' }, { method: 'POST' }), 'match');
    equal(verdict({ method: 'POS' }, { method: 'POST' }), 'no-match');
  });

  it('put conditions together', () => {
    const conditions = [{ method: 'POST' }, { path: '^/a' }];
    const all = compileFilter({ all_of: conditions });
    const any = compileFilter({ any_of: conditions });
    equal(all.judge(request({ method: 'POST', target: '/a' })), 'match');
    equal(all.judge(request({ target: '/a' })), 'no-match');
    equal(any.judge(request({ target: '/a' })), 'match');
    equal(any.judge(request({ target: '/b' })), 'no-match');
  });

  it('ask for the body only when it decides', () => {
    const conditions: Condition[] = [{ method: 'POST' }, { body: 'json', query: '$.user', matches: '^alice$' }];
    const all = compileFilter({ all_of: conditions });
    const any = compileFilter({ any_of: conditions });
    equal(all.judge(request({})), 'no-match');
    equal(all.judge(request({ method: 'POST' })), 'body');
    equal(any.judge(request({ method: 'POST' })), 'match');
    equal(any.judge(request({})), 'body');
  });

  it('search what a query finds: texts as they are, the rest as JSON', () => {
    const found = (query: string, matches: string, body: string): boolean =>
      compileFilter({ all_of: [{ body: 'json', query, matches }] }).judgeBody(Buffer.from(body));
    const order = '{"user":{"name":"alice","age":42},"items":[{"id":"a1"},{"id":"b2","tags":["x"]}],"a.b":null}';
    equal(found('$.user.name', '^alice$', order), true);
    equal(found('$.user.name', '^Alice$', order), false);
    equal(found('$.user.age', '^42$', order), true);
    equal(found('$.items[*].id', '^b2$', order), true);
    equal(found('$.items[-1].id', 'b2', order), true);
    equal(found('$.items[2].id', '', order), false);
    equal(found("$['a.b']", '^null$', order), true);
    equal(found('$..id', '^a1$', order), true);
    equal(found('$..tags[0]', 'x', order), true);
    equal(found("$.items[0, 1]['id']", '^b2$', order), true);
    equal(found('$', '"alice"', order), true);
    equal(found('$.user', '', 'not json'), false);
    equal(found('$.constructor', '', '{}'), false);
    const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    equal(found('$[0]', ']', deep(128)), true);
    equal(found('$..*..*..*', 'y', deep(128)), false);
    equal(found('$..*..*..*', ']', deep(30_000)), false);
  });

  it('are checked in every part', () => {
    const faults = (value: unknown): readonly string[] =>
      checkFilter(value).map(({ at, reason }) => `${at}: ${reason}`);
    deepEqual(faults({ all_of: [{ header: 'a' }, { body: 'json', query: '$.a', matches: 'b' }] }), []);
    deepEqual(faults(null), [': neither all_of nor any_of']);
    deepEqual(faults({ all_of: [], any_of: [] }), [': not exactly one of all_of and any_of']);
    deepEqual(faults({ all_of: [] }), ['all_of: an empty list']);
    deepEqual(faults({ any_of: Array.from({ length: 65 }, () => ({ method: 'GET' })) }), [
      'any_of: more than 64 conditions',
    ]);
    deepEqual(faults({ all_of: [{ header: 'a', path: 'b' }, 7] }), [
      'all_of[0]: not one of {header}, {path}, {method} and {body, query, matches}',
      'all_of[1]: not one of {header}, {path}, {method} and {body, query, matches}',
    ]);
    deepEqual(faults({ any_of: [{ header: '(' }, { path: 3 }, { method: 'GET POST' }] }), [
      'any_of[0].header: unclosed group at 2',
      'any_of[1].path: not a text',
      'any_of[2].method: not a method',
    ]);
    deepEqual(faults({ any_of: [{ body: 'xml', query: '$[?(@.a)]', matches: '\\1' }] }), [
      'any_of[0].body: not "json"',
      'any_of[0].query: a filter expression at 3 (not supported)',
      'any_of[0].matches: a back reference (not supported: it has no bound in time) at 3',
    ]);
  });

  it('refuse queries by name', () => {
    const fault = (query: string): string | undefined =>
      checkFilter({ all_of: [{ body: 'json', query, matches: '' }] })[0]?.reason;
    equal(fault('user'), 'it does not begin with $');
    equal(fault('$user'), 'neither . nor [ at 2');
    equal(fault('$.'), 'no name at 3');
    equal(fault('$[1:2]'), 'a slice at 3 (not supported)');
    equal(fault('$[1'), 'neither a quoted name, an index nor * at 3');
    equal(fault("$['a'"), 'unclosed brackets at 2');
    equal(fault('$' + '.a'.repeat(33)), 'more than 32 parts');
  });

  it('never match the probes of the kubelet', () => {
    for (const [agent, expected] of [
      ['kube-probe/1.34', 'no-match'],
      ['my kube-probe/1.34', 'match'],
    ] as const) {
      const headers = ['user-agent', agent];
      equal(compileFilter({ any_of: [{ path: '' }] }).judge(request({ headers })), expected);
      equal(compileFilter({ all_of: [{ path: '' }] }).judge(request({ headers })), expected);
    }
  });
});
