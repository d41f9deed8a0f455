/** Who is at the other end of a unix socket, as the kernel knows it. */
import type { Socket } from 'node:net';
import { loadAddon } from './addon.ts';

/** The user's number; undefined when the connection is over already. */
export function peerUser(socket: Socket): number | undefined {
  // Node has the descriptor; its types have not.
  const { _handle: handle } = socket as { _handle?: { readonly fd: number } | null };
  return handle && handle.fd >= 0 ? loadAddon().peerCredentials(handle.fd).uid : undefined;
}
