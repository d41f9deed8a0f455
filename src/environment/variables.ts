/** Names to values.  A map and no object: a variable may be called `__proto__`. */
export type Variables = ReadonlyMap<string, string>;

/** What execve(2) can carry: its strings end at NUL, and the first `=` ends the name. */
export function isPassable(name: string, value: string): boolean {
  return name !== '' && !/[=\0]/.test(name) && !value.includes('\0');
}

/** In order of names, byte by byte as `sort` does under LC_ALL=C, so that two outputs can be compared. */
export function sorted(variables: Variables): [string, string][] {
  return [...variables].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
