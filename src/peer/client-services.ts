/** All that an agent may open at its client, by kind. */
import { KIND } from './opening.ts';
import type { Services } from './peer.ts';
import { serveAnswer } from './udp.ts';

export const CLIENT_SERVICES: Services = { [KIND.answer]: serveAnswer };
