/** `feature.network.incoming.http_filter`, in mirrord's words, and what they mean. */
import * as z from 'zod';
import { checkFilter, type Condition, type FilterSpec } from '../http-filter/index.ts';
import { field, ports, text } from './field.ts';

const NO_CONDITION = 'it must be one of {"header"}, {"path"}, {"method"} and {"body": "json", "query", "matches"}';

const body = {
  body: field(z.literal('json', 'it must be "json"'), 'The format of the body: `json`.'),
  query: field(z.string(), 'A JSONPath into it.'),
  matches: field(z.string(), 'A regular expression to search for in each value that the query finds.'),
};
const condition = z.union(
  [
    z.strictObject({ header: z.string() }),
    z.strictObject({ path: z.string() }),
    z.strictObject({ method: z.string() }),
    z.strictObject(body),
  ],
  NO_CONDITION,
);

export const httpFilterSchema = field(
  z
    .strictObject({
      header_filter: text('A regular expression to search for in each header, as `name: value`, ignoring case.', {
        env: 'MIRRORD_HTTP_HEADER_FILTER',
      }),
      path_filter: text(
        'A regular expression to search for in the path, then in the path with its query, ignoring case.',
        { env: 'MIRRORD_HTTP_PATH_FILTER' },
      ),
      method_filter: text('A method, ignoring case.', { env: 'MIRRORD_HTTP_METHOD_FILTER' }),
      body_filter: field(z.strictObject(body).optional(), 'A condition on a body of JSON.'),
      all_of: field(
        z.array(condition).optional(),
        'Conditions that must all hold: `{ "header" }`, `{ "path" }`, `{ "method" }`, `{ "body": "json", "query", "matches" }`.',
      ),
      any_of: field(z.array(condition).optional(), 'Conditions of which at least one must hold.'),
      ports: ports('The ports that are filtered; on others every connection is taken.', {
        env: 'MIRRORD_HTTP_FILTER_PORTS',
        default: 'all that are taken',
      }),
    })
    .optional(),
  'Which requests are taken: one condition, or a list of them. Without it, whole connections.',
);

export type HttpFilter = NonNullable<z.output<typeof httpFilterSchema>>;

/** Each key but `ports`, and the condition or conditions for which it stands. */
const MEANINGS = {
  header_filter: (header: string): FilterSpec => ({ all_of: [{ header }] }),
  path_filter: (path: string): FilterSpec => ({ all_of: [{ path }] }),
  method_filter: (method: string): FilterSpec => ({ all_of: [{ method }] }),
  body_filter: (json: Extract<Condition, { body: 'json' }>): FilterSpec => ({ all_of: [json] }),
  all_of: (all_of: readonly Condition[]): FilterSpec => ({ all_of }),
  any_of: (any_of: readonly Condition[]): FilterSpec => ({ any_of }),
};

type Kind = keyof typeof MEANINGS;

const KINDS = Object.keys(MEANINGS) as Kind[];

/** Null where nothing is filtered: `ports` alone say nothing. */
export function filterSpec(filter: HttpFilter): FilterSpec | null {
  const kind = KINDS.find((each) => filter[each] !== undefined);
  return kind === undefined ? null : meaningOf(kind, filter);
}

const meaningOf = (kind: Kind, filter: HttpFilter): FilterSpec =>
  (MEANINGS[kind] as (value: unknown) => FilterSpec)(filter[kind]);

interface FilterFault {
  /** Below `http_filter`; empty for the whole of it. */
  readonly key: string;
  readonly value: unknown;
  /** A clause. */
  readonly reason: string;
}

/** What is wrong with it beside types. */
export function checkHttpFilter(filter: HttpFilter): readonly FilterFault[] {
  const given = KINDS.filter((kind) => filter[kind] !== undefined);
  if (given.length > 1) {
    const value = Object.fromEntries(given.map((kind) => [kind, filter[kind]]));
    return [{ key: '', value, reason: 'there is one condition; to combine several, write them in all_of or any_of' }];
  }
  return given.flatMap((kind) =>
    checkFilter(meaningOf(kind, filter)).map(({ at, reason }) => ({
      ...placed(kind, at),
      value: filter[kind],
      reason,
    })),
  );
}

/** `all_of[0].header` of the meaning is `header_filter` where that was written. */
const placed = (kind: Kind, at: string): { readonly key: string } => ({
  key: kind === 'all_of' || kind === 'any_of' ? at : kind,
});
