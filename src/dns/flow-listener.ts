/** The resolver behind flows of the userspace stack: its virtual address, port 53. */
import type { TcpFlow, UdpFlow } from '../stack/index.ts';
import { DnsStream } from './dns-stream.ts';
import { isRelayed, type Relay } from './relay.ts';
import type { Resolver } from './resolver.ts';

/** What a client may send ahead: one message of the largest kind with its length. */
const TCP_WINDOW_BYTES = 2 + 65_535;

export function serveUdpFlow(resolver: Resolver, relay: Relay, flow: UdpFlow): void {
  let open = true;
  let unanswered = 0;
  flow.onClosed = () => {
    open = false;
  };
  const answer = async (question: Uint8Array) => {
    const reply = await (isRelayed(question) ? relay.datagram(question) : resolver.answer(question, 'udp'));
    unanswered--;
    if (!open) return;
    if (reply !== null) flow.send(reply);
    // A socket asks once, mostly, and thousands of flows that wait for more would cost memory; another question opens another.
    if (unanswered === 0) flow.close();
  };
  // The view ends with the call, the question does not.
  flow.onDatagram = (payload) => {
    unanswered++;
    void answer(Uint8Array.from(payload));
  };
}

export function serveTcpFlow(resolver: Resolver, relay: Relay, flow: TcpFlow): void {
  let held = false;
  let unconsumed = 0;
  const stream = new DnsStream(resolver, relay, {
    send: (bytes) => flow.send(bytes),
    end: () => flow.end(),
    reset: () => flow.reset(),
    hold: (hold) => {
      held = hold;
      if (hold || unconsumed === 0) return;
      flow.consumed(unconsumed);
      unconsumed = 0;
    },
  });
  flow.onAbandoned = () => stream.closed();
  flow.accept(
    {
      data: (chunk) => {
        const { length } = chunk;
        stream.data(chunk);
        if (held) unconsumed += length;
        else flow.consumed(length);
      },
      end: () => stream.end(),
      reset: () => stream.closed(),
      drain: () => stream.drained(),
      closed: () => stream.closed(),
    },
    TCP_WINDOW_BYTES,
  );
}
