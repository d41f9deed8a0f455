/** The WebSocket of a port-forward, and which of the two framings the server chose for it. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Identity } from '../credentials/identity.ts';
import type { Endpoint } from '../server/address.ts';
import { CHANNELS_PROTOCOL, ChannelFraming } from './channels.ts';
import type { Framing } from './framing.ts';
import { SPDY_PROTOCOL, SpdyFraming } from './spdy.ts';

/** No message of the far side's is longer than its copy buffer (32 kB); this leaves room and bounds memory. */
const MESSAGE_LIMIT = 4 * 1024 * 1024;

export interface Offer {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly identity: Identity;
  readonly protocols: readonly string[];
}

export interface Handshake {
  readonly socket: WebSocket;
  /** Known once the socket is open; null when the server chose neither. */
  framing(port: number): Framing | null;
}

/** Begins the handshake on a connection that stands. */
export function shakeHands(connection: Socket, offer: Offer): Handshake {
  const { endpoint } = offer;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const url = `${endpoint.secure ? 'wss' : 'ws'}://${host}:${endpoint.port}${endpoint.path}${offer.path}`;
  let chosen: string | undefined;
  const socket = new WebSocket(url, {
    // Handed on to http.request, which takes lists as well (impersonated groups).  `ws` refuses to offer a name with a
    // slash, as the standard does; so it is told of none, and does not get to see the server's choice either.
    headers: { ...offer.identity.headers, 'sec-websocket-protocol': offer.protocols.join(', ') } as Record<
      string,
      string
    >,
    finishRequest: (request: ClientRequest) => {
      request.prependListener('upgrade', (response: IncomingMessage) => {
        chosen = response.headers['sec-websocket-protocol'];
        delete response.headers['sec-websocket-protocol'];
      });
      request.end();
    },
    createConnection: (() => connection) as never,
    perMessageDeflate: false,
    maxPayload: MESSAGE_LIMIT,
  });
  return {
    socket,
    framing: (port) => {
      if (chosen === SPDY_PROTOCOL) return new SpdyFraming(port);
      return chosen === CHANNELS_PROTOCOL ? new ChannelFraming(port) : null;
    },
  };
}
