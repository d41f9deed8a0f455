/**
 * The payload of an OPEN frame: one byte kind, two bytes port (network order), then the host as text; or, for a question
 * about a name or a host, the question itself.
 */
export const KIND = { tcp: 1, udp: 2, resolve: 3, probe: 4, info: 5, environment: 6 } as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

export interface Opening {
  readonly kind: Kind;
  readonly port: number;
  /** Host in ASCII for `tcp`, `udp` and `probe`; a DNS message for `resolve`; empty for the others. */
  readonly body: Buffer;
}

const FIXED_LENGTH = 3;
/** RFC 1035, 2.3.4, in text form; an address is shorter. */
const HOST_LIMIT = 255;
const KINDS = new Set<number>(Object.values(KIND));

export function encodeOpening(kind: Kind, port: number, body: string | Uint8Array): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const payload = Buffer.allocUnsafe(FIXED_LENGTH + bytes.length);
  payload[0] = kind;
  payload.writeUInt16BE(port, 1);
  payload.set(bytes, FIXED_LENGTH);
  return payload;
}

/** Null when malformed. */
export function decodeOpening(payload: Buffer): Opening | null {
  if (payload.length < FIXED_LENGTH) return null;
  const kind = payload[0] ?? 0;
  if (!KINDS.has(kind)) return null;
  const opening = { kind: kind as Kind, port: payload.readUInt16BE(1), body: payload.subarray(FIXED_LENGTH) };
  const named = kind === KIND.tcp || kind === KIND.udp || kind === KIND.probe;
  if (named && (opening.body.length === 0 || opening.body.length > HOST_LIMIT)) return null;
  return opening;
}
