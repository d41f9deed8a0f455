/** One end of a tunnel: a multiplexer, and what is served to the other end.  Both ends are alike, and either may open. */
import type { ByteStream } from '../connection/byte-stream.ts';
import { Mux } from '../mux/mux.ts';
import { Arrival } from './arrival.ts';
import { type Kind, decodeOpening } from './opening.ts';

/** Takes what the other end opens, or refuses it. */
export type Service = (arrival: Arrival) => void;

/** What is not here is refused. */
export type Services = Readonly<Partial<Record<Kind, Service>>>;

/** `broken` is called when the other end speaks something else: nothing that it sends makes sense any more. */
export function createPeer(
  bytes: ByteStream,
  isClient: boolean,
  services: Services,
  broken: (reason: string) => void,
): Mux {
  const mux: Mux = new Mux(bytes, isClient, {
    opened(id, payload) {
      const opening = decodeOpening(payload);
      if (opening === null) return false;
      const serve = services[opening.kind];
      if (serve === undefined) mux.decline(id, 'EACCES');
      else serve(new Arrival(mux, id, opening));
      return true;
    },
    broken,
  });
  return mux;
}
