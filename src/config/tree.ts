/** Plain objects by dotted key: what is left of a file before its types are checked. */
export type Tree = Record<string, unknown>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function getAt(tree: Tree, path: string): unknown {
  let value: unknown = tree;
  for (const part of path.split('.')) {
    if (!isTree(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

/** Makes the objects on the way; something else in its place is left to be reported, and nothing is set. */
export function setAt(tree: Tree, path: string, value: unknown): void {
  const parts = path.split('.');
  const last = parts.pop()!;
  let at = tree;
  for (const part of parts) {
    if (!Object.hasOwn(at, part)) at[part] = {};
    const next = at[part];
    if (!isTree(next)) return;
    at = next;
  }
  at[last] = value;
}

export function deleteAt(tree: Tree, path: string): void {
  const dot = path.lastIndexOf('.');
  const parent = dot < 0 ? tree : getAt(tree, path.slice(0, dot));
  if (isTree(parent)) delete parent[path.slice(dot + 1)];
}

/** A copy without nulls: mirrord takes `null` for a key that is not there. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isTree(value)) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(entries.map(([key, member]) => [key, withoutNulls(member)]));
}
