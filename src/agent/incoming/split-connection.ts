/**
 * One connection to a port of which only some requests are taken: the splitter hands these to the session, and everything
 * else, whatever it is, to the original.
 */
import { type Socket, connect } from 'node:net';
import type { RequestFilter } from '../../http-filter/index.ts';
import { FlowPipe } from '../../relay/flow-pipe.ts';
import { SocketPipe } from '../../relay/socket-pipe.ts';
import { splitConnection } from '../../splitter/index.ts';
import { type ConnectionEvents, type Subscriber, endsOf, isAccepted } from './connection.ts';
import { originalOf } from './pass-on.ts';

export interface PortFilter {
  readonly filter: RequestFilter;
  /** What becomes of a picked request that the session cannot answer, while all of it is still here. */
  readonly fallback: 'error' | 'main';
}

/** `taken` and `passed` of the events are told of requests. */
export function splitTraffic(
  socket: Socket,
  port: number,
  { filter, fallback }: PortFilter,
  subscriber: () => Subscriber | null,
  events: ConnectionEvents,
): void {
  const original = originalOf(socket, port);
  splitConnection({
    client: new SocketPipe(socket),
    dialMain: () => new SocketPipe(connect({ ...original, allowHalfOpen: true, noDelay: true })),
    async dialPicked() {
      const asked = subscriber();
      if (asked?.session.isConnected !== true) throw new Error('the tunnel is away');
      const flow = asked.offer(port, endsOf(socket, original));
      const pipe = new FlowPipe(flow);
      if (!(await isAccepted(flow, asked.session, events))) throw new Error('connection refused');
      events.held(() => {
        const { onReset } = pipe;
        pipe.reset();
        onReset();
      });
      return pipe;
    },
    filter,
    fallback,
    onRequest: ({ isPicked }) => (isPicked ? events.taken() : events.passed()),
    onFailure: () => {},
    onOver: events.over,
  });
  socket.resume();
}
