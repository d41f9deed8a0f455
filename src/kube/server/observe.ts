/** List, then watch: the current objects of a collection and every change after them. */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from './api-error.ts';
import type { Api } from './api.ts';

/** The server ends a watch after this long and we take it up again; ours is longer, for a path that went silent. */
const WATCH_SECONDS = 300;
const WATCH_DEADLINE_MS = (WATCH_SECONDS + 30) * 1000;
/** Back-off between tries while the server is away. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

export type Change<T> =
  /** The whole collection as it is now; whatever was known before is replaced. */
  { readonly kind: 'all'; readonly objects: readonly T[] } | { readonly kind: 'set' | 'gone'; readonly object: T };

export interface Collection {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
}

interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T & { readonly metadata?: { readonly resourceVersion?: string }; readonly code?: number };
}

/**
 * Yields until the signal aborts, then ends quietly.  Throws when the very first list is refused (an `ApiError` or a
 * `MirrordError`); later failures are waited out, and what was missed comes with the next `all`.
 */
export async function* observe<T>(api: Api, collection: Collection, signal: AbortSignal): AsyncGenerator<Change<T>> {
  let version: string | null = null;
  let isFirst = true;
  let retry = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      if (version === null) {
        const listed = await api.list<T>({ ...collection, signal });
        version = listed.resourceVersion;
        isFirst = false;
        yield { kind: 'all', objects: listed.items };
      }
      const began = performance.now();
      for await (const event of watchOnce<T>(api, collection, version, signal)) {
        retry = FIRST_RETRY_MS;
        // 410 Gone: the version has been compacted away; the list has to be read again.
        if (event.type === 'ERROR') throw new ApiError(event.object.code ?? 500, event.object as object, 'watch error');
        version = event.object.metadata?.resourceVersion ?? version;
        if (event.type === 'BOOKMARK') continue;
        yield { kind: event.type === 'DELETED' ? 'gone' : 'set', object: event.object };
      }
      // Something on the way that ends every watch at once must not make us ask without pause.
      if (performance.now() - began < FIRST_RETRY_MS) await delay(FIRST_RETRY_MS, undefined, { signal });
    } catch (error) {
      if (signal.aborted) return;
      if (isFirst) throw error;
      version = null;
      await delay(retry * (0.5 + Math.random()), undefined, { signal }).catch(() => {}); // an abort ends the loop
      retry = Math.min(retry * 2, LAST_RETRY_MS);
    }
  }
}

async function* watchOnce<T>(
  api: Api,
  collection: Collection,
  version: string,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  const query = {
    ...collection.query,
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    timeoutSeconds: String(WATCH_SECONDS),
  };
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(WATCH_DEADLINE_MS)]);
  for await (const line of api.follow({ path: collection.path, query, signal: bounded })) {
    if (line !== '') yield JSON.parse(line) as WatchEvent<T>;
  }
}
