/** How a pod's spec names the agent's code: SHA-256 in hex, as sha256sum(1) prints it. */
import { createHash } from 'node:crypto';

export function codeHash(code: Uint8Array): string {
  return createHash('sha256').update(code).digest('hex');
}
