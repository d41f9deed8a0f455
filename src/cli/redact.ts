/**
 * What must not leave the machine in a report, whatever has got into a text: a credential in an address or in an error of
 * somebody else's program.  The log has none by its own rule; this is the second look.  Pure.
 */

export const REMOVED = '[removed]';

/** No class of unbounded length begins a pattern, or holds what the next match begins with: the time grows with the text alone. */
const SECRETS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Keys and certificates (RFC 7468), also cut off, and where their line breaks are escaped.
  [/-----BEGIN [A-Z ]{1,40}-----(?:[\w+/=\s\\:,.]|-(?!-))*(?:-----END [A-Z ]{1,40}-----)?/g, REMOVED],
  // User information of an address (RFC 3986, 3.2.1).
  [/:\/\/[^\s/@"']{1,1000}@/g, `://${REMOVED}@`],
  // RFC 6750 and RFC 7617, and JSON Web Tokens wherever they stand.
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${REMOVED}`],
  [/\beyJ[\w-]{8,4000}\.[\w-]+\.[\w-]*/g, REMOVED],
  // `password=...`, `"client-key-data": "..."`, AWS_SECRET_ACCESS_KEY=..., and `--token a1b2`, whose value has a digit.
  [
    /((?:passw(?:or)?d|secret|token|credential|api[-_]?key|access[-_]?key|key-data)[\w-]{0,40}["']?(?:\s*[=:]\s*|\s+(?=\S{0,200}\d))["']?)[^\s"',;)}]+/gi,
    `$1${REMOVED}`,
  ],
];

export const redact = (text: string): string =>
  SECRETS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
