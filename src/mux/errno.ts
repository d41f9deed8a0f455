/** Errnos as they cross the tunnel: by name, the few that a dial can end with. */
import type { DialErrno } from './flow.ts';

const ERRNOS: ReadonlySet<string> = new Set<DialErrno>([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EACCES',
  'ECONNRESET',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
]);

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
  return ERRNOS.has(text);
}

/** The errno of anything thrown or emitted; what carries none counts as a lost connection. */
export function toErrno(error: unknown): DialErrno {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isErrno(code)) return code;
  return NEAREST[code] ?? 'ECONNRESET';
}

export function parseErrno(text: string): DialErrno {
  return isErrno(text) ? text : 'ECONNRESET';
}
