import { normalName } from '../names/name.ts';
import { clearHostBits, formatAddress, parseAddress, type AddressBytes, type Cidr } from '../net/index.ts';

export type Protocol = 'tcp' | 'udp';

/** Which hosts an entry means. */
export type Host =
  /** No host was given: every host, with or without a name. */
  | { readonly kind: 'any' }
  /** `0.0.0.0` or `[::]`: every address of either family. */
  | { readonly kind: 'any-address' }
  /** Lower case, without final dot. */
  | { readonly kind: 'name'; readonly name: string }
  /** `*.suffix`: every name below `suffix`, not itself. */
  | { readonly kind: 'below'; readonly suffix: string }
  /** An address is a range of one. */
  | { readonly kind: 'range'; readonly range: Cidr };

/** One entry of `outgoing.filter` or `dns.filter`; it matches when protocol, host and port all match. */
export interface Entry {
  readonly protocol: Protocol | 'any';
  readonly host: Host;
  /** 1 to 65535, or null for every port. */
  readonly port: number | null;
}

/** Why a text is not an entry; `position` counts characters from 1. */
export interface EntryFault {
  readonly position: number;
  readonly reason: string;
}

export type ParsedEntry = { readonly entry: Entry } | { readonly fault: EntryFault };

const NAME_CHARACTERS = /^[A-Za-z0-9_.*-]*/;
/** RFC 1035 section 2.3.4. */
const MAX_LABEL = 63;
const MAX_NAME = 253;
const MAX_PORT = 65535;

/** Thrown inside the parser only; `parseEntry` turns it into a value. */
class Fault extends Error {
  readonly position: number;

  constructor(position: number, reason: string) {
    super(reason);
    this.position = position;
  }
}

/**
 * Reads one entry: `[ proto "://" ] [ host ] [ "/" digits ] [ ":" digits ]`.  `dns` is for entries of `dns.filter`,
 * which have no protocol.
 */
export function parseEntry(text: string, kind: 'outgoing' | 'dns' = 'outgoing'): ParsedEntry {
  try {
    return { entry: readEntry(text, kind) };
  } catch (error) {
    if (error instanceof Fault) return { fault: { position: error.position, reason: error.message } };
    throw error;
  }
}

/** The canonical text; `parseEntry` of it gives the same entry. */
export function formatEntry(entry: Entry): string {
  const port = entry.port === null ? '' : `:${entry.port}`;
  const host = formatHost(entry.host);
  if (entry.protocol === 'any') return host + port === '' ? 'any://' : host + port;
  return `${entry.protocol}://${host}${port}`;
}

function readEntry(text: string, kind: 'outgoing' | 'dns'): Entry {
  if (text === '') throw new Fault(1, kind === 'dns' ? 'it is empty' : 'it is empty; write `any://` for everything');
  const blank = text.search(/\s/);
  if (blank >= 0) throw new Fault(blank + 1, 'it contains a space');
  const { protocol, start } = readProtocol(text, kind);
  const { text: hostText, end, address } = readHost(text, start);
  let at = end;
  let prefix: number | null = null;
  if (text[at] === '/') {
    const digits = readDigits(text, at + 1, 'a prefix length');
    if (address === null)
      throw new Fault(
        at + 1,
        hostText === ''
          ? 'a prefix length needs an address'
          : `${quote(hostText)} is not an address, and only an address can have a prefix length`,
      );
    if (digits.value > address.length * 8) throw new Fault(at + 2, `the prefix length is 0 to ${address.length * 8}`);
    prefix = digits.value;
    at = digits.end;
  }
  let port: number | null = null;
  if (text[at] === ':') {
    const digits = readDigits(text, at + 1, 'a port');
    if (digits.value < 1 || digits.value > MAX_PORT) throw new Fault(at + 2, `a port is 1 to ${MAX_PORT}`);
    port = digits.value;
    at = digits.end;
  }
  if (at < text.length) throw new Fault(at + 1, `${quote(text.slice(at))} is unexpected here`);
  return { protocol, host: toHost(hostText, address, prefix, start), port };
}

function readProtocol(text: string, kind: 'outgoing' | 'dns'): { protocol: Protocol | 'any'; start: number } {
  const mark = text.indexOf('://');
  if (mark < 0) return { protocol: 'any', start: 0 };
  if (kind === 'dns') throw new Fault(1, 'an entry of dns.filter has no protocol');
  const word = text.slice(0, mark);
  const protocol = word.toLowerCase();
  if (protocol === 'any' || protocol === 'tcp' || protocol === 'udp') return { protocol, start: mark + 3 };
  if (!/^[a-z0-9]*$/i.test(word)) throw new Fault(1, 'the protocol comes first, before host and port');
  throw new Fault(1, `${quote(word)} is not a protocol; use any, tcp or udp`);
}

function readHost(text: string, start: number): { text: string; end: number; address: AddressBytes | null } {
  if (text[start] === '[') {
    const close = text.indexOf(']', start);
    if (close < 0) throw new Fault(start + 1, 'the bracket is not closed');
    const inner = text.slice(start + 1, close);
    const address = inner.includes(':') ? parseAddress(inner) : null;
    if (address === null) throw new Fault(start + 2, `${quote(inner)} is not an IPv6 address`);
    return { text: inner, end: close + 1, address };
  }
  const rest = start === 0 ? text : text.slice(start);
  const host = NAME_CHARACTERS.exec(rest)![0];
  const next = rest[host.length];
  if (next === ':' && rest.split('/', 1)[0].includes(':', host.length + 1)) {
    throw new Fault(start + 1, 'put an IPv6 address in brackets, as in [::1]');
  }
  if (next !== undefined && next !== '/' && next !== ':') {
    const advice = next > '\x7f' ? '; write an international name in its DNS form, xn--...' : '';
    throw new Fault(start + host.length + 1, `${quote(next)} is not allowed in a host${advice}`);
  }
  return { text: host, end: start + host.length, address: parseAddress(host) };
}

function readDigits(text: string, start: number, what: string): { value: number; end: number } {
  const digits = /^[0-9]*/.exec(text.slice(start))![0];
  if (digits === '') throw new Fault(start + 1, `${what} is a number`);
  return { value: Number(digits), end: start + digits.length };
}

function toHost(text: string, address: AddressBytes | null, prefix: number | null, start: number): Host {
  if (text === '') return { kind: 'any' };
  if (address === null) return toName(text, start);
  if (prefix === null && address.every((byte) => byte === 0)) return { kind: 'any-address' };
  const mapped = unmap(address);
  if (mapped !== address && (prefix === null || prefix >= 96)) {
    return toRange(mapped, prefix === null ? 32 : prefix - 96);
  }
  return toRange(address, prefix ?? address.length * 8);
}

/** Clears the bits beyond the prefix: `1.2.3.4/24` is the network 1.2.3.0/24. */
function toRange(address: AddressBytes, prefix: number): Host {
  return { kind: 'range', range: { address: clearHostBits(address, prefix), prefix } };
}

function toName(text: string, start: number): Host {
  const star = text.indexOf('*');
  if (star > 0) throw new Fault(start + star + 1, '`*` must be the whole first label, as in *.example');
  if (star === 0 && text[1] !== '.') {
    throw new Fault(start + 1, '`*` must be the whole first label, as in *.example; for every host write any://');
  }
  const second = text.indexOf('*', 1);
  if (second > 0) throw new Fault(start + second + 1, '`*` may appear only once, as the whole first label');
  const offset = start + (star === 0 ? 2 : 0);
  const name = normalName(star === 0 ? text.slice(2) : text);
  if (name.length > MAX_NAME) throw new Fault(start + 1, `a name has at most ${MAX_NAME} characters`);
  let at = offset;
  for (const label of name.split('.')) {
    if (label === '') throw new Fault(at + 1, 'the name has an empty label');
    if (label.length > MAX_LABEL) throw new Fault(at + 1, `a label has at most ${MAX_LABEL} characters`);
    at += label.length + 1;
  }
  return star === 0 ? { kind: 'below', suffix: name } : { kind: 'name', name };
}

/** Whether the text is a domain, and no address, wildcard or port. */
export function isDomain(text: string): boolean {
  const parsed = parseEntry(text, 'dns');
  return 'entry' in parsed && parsed.entry.host.kind === 'name' && parsed.entry.port === null;
}

/** An IPv4-mapped address travels as IPv4 (RFC 4291 section 2.5.5.2), so it is matched as such. */
export function unmap(address: AddressBytes): AddressBytes {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return address;
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return address;
  return address.slice(12);
}

function formatHost(host: Host): string {
  switch (host.kind) {
    case 'any':
      return '';
    case 'any-address':
      return '0.0.0.0';
    case 'name':
      return host.name;
    case 'below':
      return `*.${host.suffix}`;
    case 'range': {
      const { address, prefix } = host.range;
      const text = address.length === 4 ? formatAddress(address) : `[${formatAddress(address)}]`;
      const single = prefix === address.length * 8 && address.some((byte) => byte !== 0);
      return single ? text : `${text}/${prefix}`;
    }
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
