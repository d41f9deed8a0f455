/** All that an agent may open at its client, by kind. */
import { type IncomingStream, serveIncoming } from './incoming.ts';
import { KIND } from './opening.ts';
import type { Services } from './peer.ts';
import { serveAnswer } from './udp.ts';

/** `deliver`: takes connections to the target's ports, for a client that asks for some. */
export function clientServices(deliver: ((flow: IncomingStream) => void) | undefined): Services {
  return {
    [KIND.answer]: serveAnswer,
    ...(deliver === undefined ? {} : { [KIND.incoming]: serveIncoming(deliver) }),
  };
}
