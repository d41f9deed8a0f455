/** `host:port` as CONNECT's `:authority` has it (RFC 9110, section 7.2): an IPv6 address stands in brackets. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** A DNS name's 253 bytes, or an address; a zone index comes on top (`fe80::1%eth0`). */
const HOST_LIMIT = 320;
const LAST_PORT = 65_535;

export function formatAuthority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Null when it is none. */
export function parseAuthority(text: string): Destination | null {
  const match = /^(?:\[([^\][]+)\]|([^:\][]+)):(\d{1,5})$/.exec(text);
  return match === null ? null : destination(match[1] ?? match[2] ?? '', match[3] ?? '');
}

/** The path of RFC 9298, section 2, with the default template. */
export function formatUdpPath(host: string, port: number): string {
  return `/.well-known/masque/udp/${encodeURIComponent(host)}/${port}/`;
}

export function parseUdpPath(path: string): Destination | null {
  const match = /^\/\.well-known\/masque\/udp\/([^/]+)\/(\d{1,5})\/$/.exec(path);
  if (match === null) return null;
  try {
    return destination(decodeURIComponent(match[1] ?? ''), match[2] ?? '');
  } catch {
    // A percent sign without two hexadecimal digits.
    return null;
  }
}

function destination(host: string, portText: string): Destination | null {
  const port = Number(portText);
  if (host === '' || host.length > HOST_LIMIT || port < 1 || port > LAST_PORT) return null;
  return { host, port };
}
