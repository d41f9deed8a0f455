/**
 * The key pairs that prove client and agent to each other (Ed25519, RFC 8032).  The client makes one per session, whose
 * public half travels in the pod's spec; the agent makes one when it starts, and shows the public half in its hello.  No
 * private half ever leaves its maker's memory.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export interface TunnelKey {
  readonly privateKey: KeyObject;
  /** The raw 32 bytes in base64, as the agent's MIRRORD_PUBLIC_KEY takes it. */
  readonly publicKey: string;
}

export const KEY_LENGTH = 32;
/** What precedes the raw key in its SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export function createTunnelKey(): TunnelKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: spki.subarray(SPKI_PREFIX.length).toString('base64') };
}

/** Takes the raw key or its SubjectPublicKeyInfo, in base64.  Throws when it is neither. */
export function readPublicKey(text: string): KeyObject {
  const bytes = Buffer.from(text, 'base64');
  const spki = bytes.length === KEY_LENGTH ? Buffer.concat([SPKI_PREFIX, bytes]) : bytes;
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`not an Ed25519 key but ${key.asymmetricKeyType}`);
  return key;
}
