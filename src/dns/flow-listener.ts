/** The resolver behind flows of the userspace stack: its virtual address, port 53. */
import type { TcpFlow, UdpFlow } from '../stack/flow.ts';
import { DnsStream } from './dns-stream.ts';
import type { Resolver } from './resolver.ts';

/** What a client may send ahead: one message of the largest kind with its length. */
const TCP_WINDOW_BYTES = 2 + 65_535;
/** A program's socket asks once, mostly; the flow goes soon after its answer, ms. */
const UDP_IDLE_AFTER_ANSWER_MS = 5_000;

export function serveUdpFlow(resolver: Resolver, flow: UdpFlow): void {
  let open = true;
  flow.onClosed = () => {
    open = false;
  };
  const answer = async (question: Uint8Array) => {
    const reply = await resolver.answer(question, 'udp');
    if (reply === null || !open) return;
    flow.send(reply);
    flow.setIdle(UDP_IDLE_AFTER_ANSWER_MS);
  };
  // The view ends with the call, the question does not.
  flow.onDatagram = (payload) => void answer(Uint8Array.from(payload));
}

export function serveTcpFlow(resolver: Resolver, flow: TcpFlow): void {
  let held = false;
  let unconsumed = 0;
  const stream = new DnsStream(resolver, {
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
