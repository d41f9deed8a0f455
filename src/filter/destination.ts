import { MirrordError } from '../errors.ts';
import { formatAddress, parseAddress } from '../net/index.ts';
import { parseEntry, type Protocol } from './entry.ts';

/** What a user asks `explain` about. */
export interface ExplainTarget {
  /** Lower case, without final dot; null when an address was given. */
  readonly name: string | null;
  /** Canonical text; null when a name was given. */
  readonly address: string | null;
  readonly port: number | null;
  /** TCP when a port was given without a protocol; null when neither was. */
  readonly protocol: Protocol | null;
}

/** Where the scheme of a URL implies a port. */
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['ws:', 80],
  ['https:', 443],
  ['wss:', 443],
]);
/** How kubectl names a service: `svc/payments`. */
const SERVICE = /^(?:svc|services?)\//;

/**
 * `HOST`, `HOST:PORT`, `IP`, `[IPv6]:PORT`, and each with `tcp://` or `udp://` in front; also a URL, and `svc/NAME` with or
 * without a port.
 */
export function parseDestination(typed: string): ExplainTarget {
  const text = hostOfUrl(typed) ?? typed.replace(SERVICE, '');
  const bare = parseAddress(text);
  if (bare !== null) return { name: null, address: formatAddress(bare), port: null, protocol: null };
  const parsed = parseEntry(text);
  if ('fault' in parsed) throw invalid(text, `${parsed.fault.reason} (position ${parsed.fault.position})`);
  const { host, port, protocol: given } = parsed.entry;
  const protocol = given !== 'any' ? given : port === null ? null : 'tcp';
  switch (host.kind) {
    case 'name':
      return { name: host.name, address: null, port, protocol };
    case 'range':
      if (host.range.prefix < host.range.address.length * 8 || text.includes('/', text.indexOf('://') + 3)) {
        throw invalid(text, 'it is a range; name one address of it');
      }
      return { name: null, address: formatAddress(host.range.address), port, protocol };
    case 'below':
      throw invalid(text, 'it is a pattern; name one host that it matches');
    case 'any':
    case 'any-address':
      throw invalid(text, 'it names no host');
  }
}

/** `db.prod:5432/tcp`, `[fd00::1]:80/udp`, `db.prod`. */
export function formatDestination({ name, address, port, protocol }: ExplainTarget): string {
  const host = name ?? (address?.includes(':') === true && port !== null ? `[${address}]` : (address ?? ''));
  return `${host}${port === null ? '' : `:${port}`}${protocol === null ? '' : `/${protocol}`}`;
}

/** The host and port of a URL other than `tcp://` and `udp://`, which the grammar of the filter has; null for other texts. */
function hostOfUrl(text: string): string | null {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^(tcp|udp):/i.test(text) || !URL.canParse(text)) return null;
  const { protocol, hostname, port } = new URL(text);
  if (hostname === '') return null;
  const shown = port === '' ? DEFAULT_PORTS.get(protocol) : port;
  return `tcp://${hostname}${shown === undefined ? '' : `:${shown}`}`;
}

function invalid(text: string, reason: string): MirrordError {
  return new MirrordError('usage', 'destination-invalid', `${JSON.stringify(text)} is not a destination: ${reason}.`, {
    help: 'Write it as HOST, HOST:PORT, IP, URL, svc/NAME, tcp://HOST:PORT or udp://HOST:PORT; put an IPv6 address with a port in brackets.',
  });
}
