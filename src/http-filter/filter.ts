/** A filter, ready to judge requests. */
import type { Condition, FilterSpec } from './condition.ts';
import { parseJson } from './json-body.ts';
import { JsonPath } from './json-path.ts';
import { Regex } from './regex/regex.ts';
import { isProbe, pathAndQuery } from './request.ts';
import type { RequestFacts } from './request.ts';

/** `body`: the head is not enough, ask again with the body. */
export type Verdict = 'match' | 'no-match' | 'body';

export interface RequestFilter {
  judge(request: RequestFacts): Verdict;
  /** After the verdict `body`. */
  judgeBody(body: Uint8Array): boolean;
}

type HeadTest = (request: RequestFacts) => boolean;
type BodyTest = (json: unknown) => boolean;

/**
 * Throws for what `checkFilter` finds fault with.  A probe of the kubelet never matches: the health of a pod is its own
 * program's to tell.
 */
export function compileFilter(spec: FilterSpec): RequestFilter {
  const isAll = 'all_of' in spec;
  const heads: HeadTest[] = [];
  const bodies: BodyTest[] = [];
  for (const condition of isAll ? spec.all_of : spec.any_of) {
    if ('body' in condition) bodies.push(bodyTest(condition.query, condition.matches));
    else heads.push(headTest(condition));
  }
  return {
    judge(request) {
      if (isProbe(request)) return 'no-match';
      if (isAll ? !heads.every((test) => test(request)) : heads.some((test) => test(request)))
        return isAll ? 'no-match' : 'match';
      if (bodies.length > 0) return 'body';
      return isAll ? 'match' : 'no-match';
    },
    judgeBody(body) {
      const json = parseJson(body);
      if (json === undefined) return false;
      return isAll ? bodies.every((test) => test(json)) : bodies.some((test) => test(json));
    },
  };
}

function headTest(condition: Exclude<Condition, { body: 'json' }>): HeadTest {
  if ('method' in condition) {
    const method = condition.method.toUpperCase();
    return (request) => request.method.toUpperCase() === method;
  }
  if ('path' in condition) {
    const regex = new Regex(condition.path, { ignoreCase: true });
    return (request) => {
      const whole = pathAndQuery(request.target);
      const query = whole.indexOf('?');
      return (query >= 0 && regex.test(whole.slice(0, query))) || regex.test(whole);
    };
  }
  const regex = new Regex(condition.header, { ignoreCase: true });
  return ({ headers }) => {
    for (let at = 0; at < headers.length; at += 2) if (regex.test(headers[at], ': ', headers[at + 1])) return true;
    return false;
  };
}

function bodyTest(query: string, matches: string): BodyTest {
  const path = new JsonPath(query);
  const regex = new Regex(matches, { ignoreCase: false });
  return (json) =>
    path.select(json).some((value) => regex.test(typeof value === 'string' ? value : JSON.stringify(value)));
}
