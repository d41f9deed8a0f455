/**
 * The payload of an OPEN frame: one byte kind, two bytes port (network order), then what is opened: a host as text, a
 * question, or, when a peer has answered from another port, the flow in which its host was asked.
 */
export const KIND = { tcp: 1, udp: 2, resolve: 3, probe: 4, info: 5, environment: 6, answer: 7 } as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

export interface Opening {
  readonly kind: Kind;
  readonly port: number;
  /**
   * Host in ASCII for `tcp` and `probe`; for `udp` the same, a space, and the program's socket; a DNS message for
   * `resolve`; a stream number (u32) for `answer`.
   */
  readonly body: Buffer;
}

const FIXED_LENGTH = 3;
/** RFC 1035, 2.3.4, in text form; an address is shorter. */
const HOST_LIMIT = 255;
/** A space, an address and a port. */
const SOCKET_LIMIT = 64;
/** Longest body by kind, of those that may not be empty. */
const BODY_LIMITS: Readonly<Partial<Record<Kind, number>>> = {
  [KIND.tcp]: HOST_LIMIT,
  [KIND.probe]: HOST_LIMIT,
  [KIND.udp]: HOST_LIMIT + SOCKET_LIMIT,
};
const NUMBER_LENGTH = 4;
const KINDS = new Set<number>(Object.values(KIND));

export function encodeOpening(kind: Kind, port: number, body: string | Uint8Array): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const payload = Buffer.allocUnsafe(FIXED_LENGTH + bytes.length);
  payload[0] = kind;
  payload.writeUInt16BE(port, 1);
  payload.set(bytes, FIXED_LENGTH);
  return payload;
}

/** `asked`: the flow with the host that has answered. */
export function encodeAnswer(asked: number, port: number): Buffer {
  const body = Buffer.allocUnsafe(NUMBER_LENGTH);
  body.writeUInt32BE(asked, 0);
  return encodeOpening(KIND.answer, port, body);
}

/** Null when malformed. */
export function decodeOpening(payload: Buffer): Opening | null {
  if (payload.length < FIXED_LENGTH) return null;
  const kind = payload[0] ?? 0;
  if (!KINDS.has(kind)) return null;
  const opening = { kind: kind as Kind, port: payload.readUInt16BE(1), body: payload.subarray(FIXED_LENGTH) };
  const { length } = opening.body;
  const limit = BODY_LIMITS[opening.kind];
  if (limit !== undefined && (length === 0 || length > limit)) return null;
  if (kind === KIND.answer && length !== NUMBER_LENGTH) return null;
  return opening;
}
