/** Names as text.  The wire's form of them is the business of `src/dns/wire-name.ts`. */

/** A host's or domain's name as text, without final dot (RFC 1035, 2.3.4); underscores are seen in service names. */
export const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/** A name as all names are compared: lower case (RFC 4343), without final dot. */
export function normalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** Whether `name` is `zone` or below it; both in normal form. */
export function isWithin(name: string, zone: string): boolean {
  return name === zone || (name.endsWith(zone) && name[name.length - zone.length - 1] === '.');
}

/** Labels of `name` in front of `zone`; null when it is not below it.  Both in normal form. */
export function labelsBelow(name: string, zone: string): readonly string[] | null {
  return name !== zone && isWithin(name, zone) ? name.slice(0, -zone.length - 1).split('.') : null;
}
