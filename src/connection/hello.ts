/**
 * The hello, before anything else on every transport.
 *
 *     agent  -> client  CHALLENGE  magic, version, 32 random bytes, the agent's public key
 *     client -> agent   PROOF      version, session, new or resume, bytes received, 32 random bytes, signature
 *     agent  -> client  WELCOME    bytes received, signature;   or REFUSAL  code, plain words
 *
 * Both prove themselves: the agent knows the client's key from the pod's spec, the client holds the agent to the key of
 * the first welcome (client-hello.ts).  Each signature covers all that was said before it, so that none can be used in
 * another hello, nor with another agent.
 *
 * Messages only; who waits for what and for how long is in client-hello.ts and server-hello.ts.
 */
import { randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { FRAME, OFFSET_LENGTH, controlFrame } from './frame.ts';
import { KEY_LENGTH, readPublicKey } from './key.ts';
import type { TunnelKey } from './key.ts';
import { PROTOCOL_VERSION } from './limits.ts';

const MAGIC = Buffer.from('mirrord\0');
const VERSION_LENGTH = 2;
const NONCE_LENGTH = 32;
export const SESSION_ID_LENGTH = 16;
const SIGNATURE_LENGTH = 64;
const CHALLENGE_LENGTH = MAGIC.length + VERSION_LENGTH + NONCE_LENGTH + KEY_LENGTH;
/** version, session, mode, offset */
const CLAIM_LENGTH = VERSION_LENGTH + SESSION_ID_LENGTH + 1 + OFFSET_LENGTH;
const PROOF_LENGTH = CLAIM_LENGTH + NONCE_LENGTH + SIGNATURE_LENGTH;
const WELCOME_LENGTH = OFFSET_LENGTH + SIGNATURE_LENGTH;
/** Signatures of one purpose must not be valid for any other. */
const CLIENT_CONTEXT = Buffer.from('mirrord tunnel hello, client\0');
const AGENT_CONTEXT = Buffer.from('mirrord tunnel hello, agent\0');

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
  /** The agent's public key, as in `TunnelKey`; empty when the version is another. */
  readonly agent: string;
  /** The whole message. */
  readonly payload: Buffer;
}

export function createSessionId(): string {
  return randomBytes(SESSION_ID_LENGTH).toString('hex');
}

/** Returns the message; it goes out in a CHALLENGE frame. */
export function createChallenge(agent: TunnelKey): Buffer {
  const version = Buffer.alloc(VERSION_LENGTH);
  version.writeUInt16BE(PROTOCOL_VERSION);
  return Buffer.concat([MAGIC, version, randomBytes(NONCE_LENGTH), Buffer.from(agent.publicKey, 'base64')]);
}

/** Null for what no agent of ours sends. */
export function readChallenge(payload: Buffer): Challenge | null {
  if (payload.length < MAGIC.length + VERSION_LENGTH || !payload.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const version = payload.readUInt16BE(MAGIC.length);
  // Another version may have another form; only the version is of interest then.
  if (version === PROTOCOL_VERSION && payload.length !== CHALLENGE_LENGTH) return null;
  return { version, agent: payload.toString('base64', CHALLENGE_LENGTH - KEY_LENGTH), payload: Buffer.from(payload) };
}

/** Returns the message; it goes out in a PROOF frame. */
export function createProof(claim: Claim, challenge: Buffer, key: KeyObject): Buffer {
  const encoded = Buffer.alloc(CLAIM_LENGTH);
  encoded.writeUInt16BE(claim.version, 0);
  encoded.write(claim.session, VERSION_LENGTH, 'hex');
  encoded[VERSION_LENGTH + SESSION_ID_LENGTH] = claim.resume ? 1 : 0;
  encoded.writeUIntBE(claim.received, CLAIM_LENGTH - OFFSET_LENGTH, OFFSET_LENGTH);
  const said = Buffer.concat([encoded, randomBytes(NONCE_LENGTH)]);
  return Buffer.concat([said, sign(null, Buffer.concat([CLIENT_CONTEXT, challenge, said]), key)]);
}

/** The claim, or why it is refused.  The signature is checked before anything in the claim is believed. */
export function readProof(payload: Buffer, challenge: Buffer, key: KeyObject): Claim | RefusalCode {
  if (payload.length < VERSION_LENGTH) return REFUSAL.malformed;
  const version = payload.readUInt16BE(0);
  if (version !== PROTOCOL_VERSION) return REFUSAL.version;
  if (payload.length !== PROOF_LENGTH) return REFUSAL.malformed;
  const encoded = payload.subarray(0, CLAIM_LENGTH);
  const said = Buffer.concat([CLIENT_CONTEXT, challenge, payload.subarray(0, -SIGNATURE_LENGTH)]);
  if (!verify(null, said, key, payload.subarray(-SIGNATURE_LENGTH))) return REFUSAL.key;
  return {
    version,
    session: encoded.toString('hex', VERSION_LENGTH, VERSION_LENGTH + SESSION_ID_LENGTH),
    resume: encoded[VERSION_LENGTH + SESSION_ID_LENGTH] === 1,
    received: encoded.readUIntBE(CLAIM_LENGTH - OFFSET_LENGTH, OFFSET_LENGTH),
  };
}

export function welcomeFrame(received: number, challenge: Buffer, proof: Buffer, agent: TunnelKey): Buffer {
  const offset = Buffer.alloc(OFFSET_LENGTH);
  offset.writeUIntBE(received, 0, OFFSET_LENGTH);
  const signature = sign(null, Buffer.concat([AGENT_CONTEXT, challenge, proof, offset]), agent.privateKey);
  return controlFrame(FRAME.welcome, Buffer.concat([offset, signature]));
}

/** Bytes that the agent has received; null when it does not prove the key of its challenge. */
export function readWelcome(payload: Buffer, challenge: Challenge, proof: Buffer): number | null {
  if (payload.length !== WELCOME_LENGTH) return null;
  const said = Buffer.concat([AGENT_CONTEXT, challenge.payload, proof, payload.subarray(0, OFFSET_LENGTH)]);
  const isProven = verify(null, said, readPublicKey(challenge.agent), payload.subarray(OFFSET_LENGTH));
  return isProven ? payload.readUIntBE(0, OFFSET_LENGTH) : null;
}

export function refusalFrame(code: RefusalCode, text: string): Buffer {
  return controlFrame(FRAME.refusal, Buffer.concat([Buffer.from([code]), Buffer.from(text)]));
}

export function readRefusal(payload: Buffer): { readonly code: number; readonly text: string } {
  return { code: payload[0] ?? REFUSAL.malformed, text: payload.toString('utf8', 1) };
}
