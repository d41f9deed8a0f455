/** A request's body as JSON. */

/** Lists and objects within each other; as serde_json, which judges for mirrord. */
const DEPTH_LIMIT = 128;

/** Undefined when it is not JSON, or nests so deep that work on it would have no bound. */
export function parseJson(body: Uint8Array): unknown {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return isDeep(json) ? undefined : json;
  } catch {
    return undefined;
  }
}

function isDeep(json: unknown): boolean {
  let level: readonly unknown[] = [json];
  for (let depth = 0; depth <= DEPTH_LIMIT; depth++) {
    level = level.flatMap((node) => (typeof node === 'object' && node !== null ? Object.values(node) : []));
    if (level.length === 0) return false;
  }
  return true;
}
