/** How a dial's failure crosses HTTP/2: a status, `mirrord-errno`, and RFC 9209's `proxy-status` for other readers. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import type { DialErrno } from './tunnel.ts';

export const ERRNO_HEADER = 'mirrord-errno';

/** Status and RFC 9209 error type (section 2.3) by errno. */
const FORMS: Record<DialErrno, readonly [status: number, proxyError: string]> = {
  ECONNREFUSED: [502, 'connection_refused'],
  EHOSTUNREACH: [502, 'destination_ip_unroutable'],
  ENETUNREACH: [502, 'destination_ip_unroutable'],
  ETIMEDOUT: [504, 'connection_timeout'],
  EACCES: [403, 'destination_ip_prohibited'],
  ECONNRESET: [502, 'connection_terminated'],
  EADDRNOTAVAIL: [503, 'proxy_internal_error'],
  ENOTFOUND: [502, 'dns_error'],
};

/** What Node or the kernel may say besides, in the nearest terms. */
const NEAREST: Record<string, DialErrno> = {
  EPERM: 'EACCES',
  EAI_AGAIN: 'ENOTFOUND',
  EAI_FAIL: 'ENOTFOUND',
  ENODATA: 'ENOTFOUND',
  EHOSTDOWN: 'EHOSTUNREACH',
  ENETDOWN: 'ENETUNREACH',
  EAFNOSUPPORT: 'ENETUNREACH',
  EINVAL: 'EADDRNOTAVAIL',
  EMFILE: 'EADDRNOTAVAIL',
  ENFILE: 'EADDRNOTAVAIL',
  ENOBUFS: 'EADDRNOTAVAIL',
  ENOMEM: 'EADDRNOTAVAIL',
};

function isErrno(text: string): text is DialErrno {
  return Object.hasOwn(FORMS, text);
}

/** The errno of anything thrown or emitted; what carries none counts as a lost connection. */
export function toErrno(error: unknown): DialErrno {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isErrno(code)) return code;
  return NEAREST[code] ?? 'ECONNRESET';
}

export function refusalHeaders(errno: DialErrno): OutgoingHttpHeaders {
  const [status, proxyError] = FORMS[errno];
  return { ':status': status, [ERRNO_HEADER]: errno, 'proxy-status': `mirrord; error=${proxyError}` };
}

export function readErrno(headers: IncomingHttpHeaders): DialErrno {
  return parseErrno(String(headers[ERRNO_HEADER] ?? ''));
}

export function parseErrno(text: string): DialErrno {
  return isErrno(text) ? text : 'ECONNRESET';
}
