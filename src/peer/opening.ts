/**
 * What one end opens at the other: one byte kind, two bytes port (network order), then the body, which is the kind's own.
 *
 * A new kind gets a number and bounds here, a file with both its halves (as tcp.ts), and a line in the table of the end
 * that serves it (agent-services.ts, client-services.ts).
 */
import { QUESTION_LIMIT } from '../mux/limits.ts';

export const KIND = {
  tcp: 1,
  udp: 2,
  resolve: 3,
  probe: 4,
  info: 5,
  environment: 6,
  answer: 7,
  subscribe: 8,
  incoming: 9,
} as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

export interface Opening {
  readonly kind: Kind;
  readonly port: number;
  /** Valid only during the call. */
  readonly body: Buffer;
}

/** Shortest and longest body, bytes. */
type Bounds = readonly [least: number, most: number];

const FIXED_LENGTH = 3;
/** RFC 1035, 2.3.4, in text form; an address is shorter. */
const HOST: Bounds = [1, 255];
/** The same, a space, and an address and a port. */
const HOST_AND_SOCKET: Bounds = [1, 255 + 64];
const ANYTHING: Bounds = [0, QUESTION_LIMIT];
/** Two addresses and a port. */
const ENDS: Bounds = [1, 128];
/** The number of a flow, u32. */
const NUMBER: Bounds = [4, 4];

const BODIES: Readonly<Record<number, Bounds>> = {
  [KIND.tcp]: HOST,
  [KIND.udp]: HOST_AND_SOCKET,
  [KIND.resolve]: ANYTHING,
  [KIND.probe]: HOST,
  [KIND.info]: ANYTHING,
  [KIND.environment]: ANYTHING,
  [KIND.answer]: NUMBER,
  [KIND.subscribe]: ANYTHING,
  [KIND.incoming]: ENDS,
} satisfies Readonly<Record<Kind, Bounds>>;

/** Text goes as Latin-1. */
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
  const bounds = BODIES[kind];
  const body = payload.subarray(FIXED_LENGTH);
  if (bounds === undefined || body.length < bounds[0] || body.length > bounds[1]) return null;
  return { kind: kind as Kind, port: payload.readUInt16BE(1), body };
}
