/**
 * The hello, before anything else on every transport.
 *
 *     agent  -> client  CHALLENGE  magic, version, 32 random bytes
 *     client -> agent   PROOF      version, session, new or resume, bytes received, signature over all that and the challenge
 *     agent  -> client  WELCOME    bytes received;   or REFUSAL  code, plain words
 *
 * Messages only; who waits for what and for how long is in client-hello.ts and server-hello.ts.
 */
import { randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { FRAME, OFFSET_LENGTH, controlFrame } from './frame.ts';
import { PROTOCOL_VERSION } from './limits.ts';

const MAGIC = Buffer.from('mirrord\0');
const VERSION_LENGTH = 2;
const NONCE_LENGTH = 32;
export const SESSION_ID_LENGTH = 16;
const SIGNATURE_LENGTH = 64;
const CHALLENGE_LENGTH = MAGIC.length + VERSION_LENGTH + NONCE_LENGTH;
/** version, session, mode, offset */
const CLAIM_LENGTH = VERSION_LENGTH + SESSION_ID_LENGTH + 1 + OFFSET_LENGTH;
/** Signatures of this key for any other purpose must not be valid here. */
const CONTEXT = Buffer.from('mirrord tunnel hello\0');

export const REFUSAL = {
  malformed: 1,
  version: 2,
  key: 3,
  timeout: 4,
  /** The session to resume is not (or no longer) there. */
  unknownSession: 5,
  busy: 6,
} as const;

export type RefusalCode = (typeof REFUSAL)[keyof typeof REFUSAL];

export interface Claim {
  readonly version: number;
  /** Hex. */
  readonly session: string;
  readonly resume: boolean;
  /** Bytes that the client has received of this session. */
  readonly received: number;
}

export interface Challenge {
  readonly version: number;
  readonly nonce: Buffer;
}

export function createSessionId(): string {
  return randomBytes(SESSION_ID_LENGTH).toString('hex');
}

export function createChallenge(): { readonly nonce: Buffer; readonly frame: Buffer } {
  const nonce = randomBytes(NONCE_LENGTH);
  const payload = Buffer.alloc(CHALLENGE_LENGTH);
  MAGIC.copy(payload);
  payload.writeUInt16BE(PROTOCOL_VERSION, MAGIC.length);
  nonce.copy(payload, MAGIC.length + VERSION_LENGTH);
  return { nonce, frame: controlFrame(FRAME.challenge, payload) };
}

/** Null: whoever answers is no agent of ours. */
export function readChallenge(payload: Buffer): Challenge | null {
  if (payload.length < MAGIC.length + VERSION_LENGTH || !payload.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const version = payload.readUInt16BE(MAGIC.length);
  // Another version may have another form; only the version is of interest then.
  if (version === PROTOCOL_VERSION && payload.length !== CHALLENGE_LENGTH) return null;
  return { version, nonce: Buffer.from(payload.subarray(MAGIC.length + VERSION_LENGTH)) };
}

export function proofFrame(claim: Claim, nonce: Buffer, key: KeyObject): Buffer {
  const encoded = Buffer.alloc(CLAIM_LENGTH);
  encoded.writeUInt16BE(claim.version, 0);
  encoded.write(claim.session, VERSION_LENGTH, 'hex');
  encoded[VERSION_LENGTH + SESSION_ID_LENGTH] = claim.resume ? 1 : 0;
  encoded.writeUIntBE(claim.received, CLAIM_LENGTH - OFFSET_LENGTH, OFFSET_LENGTH);
  const signature = sign(null, Buffer.concat([CONTEXT, nonce, encoded]), key);
  return controlFrame(FRAME.proof, Buffer.concat([encoded, signature]));
}

/** The claim, or why it is refused.  The signature is checked before anything in the claim is believed. */
export function readProof(payload: Buffer, nonce: Buffer, key: KeyObject): Claim | RefusalCode {
  if (payload.length < VERSION_LENGTH) return REFUSAL.malformed;
  const version = payload.readUInt16BE(0);
  if (version !== PROTOCOL_VERSION) return REFUSAL.version;
  if (payload.length !== CLAIM_LENGTH + SIGNATURE_LENGTH) return REFUSAL.malformed;
  const encoded = payload.subarray(0, CLAIM_LENGTH);
  if (!verify(null, Buffer.concat([CONTEXT, nonce, encoded]), key, payload.subarray(CLAIM_LENGTH))) return REFUSAL.key;
  return {
    version,
    session: encoded.toString('hex', VERSION_LENGTH, VERSION_LENGTH + SESSION_ID_LENGTH),
    resume: encoded[VERSION_LENGTH + SESSION_ID_LENGTH] === 1,
    received: encoded.readUIntBE(CLAIM_LENGTH - OFFSET_LENGTH, OFFSET_LENGTH),
  };
}

export function welcomeFrame(received: number): Buffer {
  const payload = Buffer.alloc(OFFSET_LENGTH);
  payload.writeUIntBE(received, 0, OFFSET_LENGTH);
  return controlFrame(FRAME.welcome, payload);
}

/** Bytes that the agent has received, or null when malformed. */
export function readWelcome(payload: Buffer): number | null {
  return payload.length === OFFSET_LENGTH ? payload.readUIntBE(0, OFFSET_LENGTH) : null;
}

export function refusalFrame(code: RefusalCode, text: string): Buffer {
  return controlFrame(FRAME.refusal, Buffer.concat([Buffer.from([code]), Buffer.from(text)]));
}

export function readRefusal(payload: Buffer): { readonly code: number; readonly text: string } {
  return { code: payload[0] ?? REFUSAL.malformed, text: payload.toString('utf8', 1) };
}
