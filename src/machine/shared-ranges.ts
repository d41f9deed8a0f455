/** Which sessions can be up beside each other: an address leads to one place only; pure. */
import { MirrordError } from '../errors.ts';
import { type Cidr, formatCidr, overlap, parseCidr } from '../net/index.ts';

/** Another session in this network namespace, and the ranges that it has, or is about to have. */
export interface OtherSession {
  readonly name: string;
  readonly routes: readonly string[];
}

/** Throws when another session has a part of what session `name` wishes. */
export function refuseSharedRanges(name: string, wished: readonly string[], others: readonly OtherSession[]): void {
  const ours = parse(wished);
  for (const other of others) {
    const theirs = parse(other.routes);
    const shared = ours.filter((range) => theirs.some((each) => overlap(each, range)));
    if (shared.length > 0) throw sharedRanges(name, other.name, shared, ours);
  }
}

function sharedRanges(name: string, other: string, shared: readonly Cidr[], ours: readonly Cidr[]): MirrordError {
  const texts = shared.map(formatCidr);
  // Single addresses, as the resolver's own, do not count as a network.
  const isRangeLeft = ours.some((range) => !shared.includes(range) && range.prefix < range.address.length * 8);
  const end = `End it first: mirrord down --name ${other}`;
  return new MirrordError(
    'host',
    'sessions-overlap',
    `Session ${name} would route ${texts.join(', ')}, which session ${other} already routes.`,
    {
      help: isRangeLeft
        ? `${end}. Or exclude these ranges: ${texts.map((text) => `--exclude-route ${text}`).join(' ')}`
        : `${end}. Several sessions can be up at once only if their ranges differ, which they do not for one cluster.`,
    },
  );
}

const parse = (texts: readonly string[]): readonly Cidr[] =>
  texts.map((text) => parseCidr(text)).filter((cidr) => cidr !== null);
