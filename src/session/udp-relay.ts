/**
 * One UDP (source, destination) pair between the stack and the tunnel, and those that come of it: the destination may
 * answer from other ports.
 */
import type { UdpFlow } from '../stack/index.ts';
import type { DialErrno, FlowDatagrams } from '../mux/flow.ts';
import type { Tunnel } from '../peer/tunnel.ts';
import { refusalOf } from './refusal.ts';
import type { FlowWatch } from './tcp-relay.ts';

export function relayUdp(flow: UdpFlow, tunnel: Tunnel, watch: FlowWatch): void {
  const { source, destination } = flow;
  const far = tunnel.datagrams(destination.host, destination.port, `${source.host} ${source.port}`);
  const ended = join(flow, far, watch);
  void far.opened.then((outcome) => {
    if (!outcome.ok) ended(outcome.errno);
  });
}

/** Returns what is to be called when the far end is gone. */
function join(flow: UdpFlow, far: FlowDatagrams, watch: FlowWatch): (errno: DialErrno | null) => void {
  const { host } = flow.destination;
  let over = false;
  const finish = (): void => {
    over = true;
    watch.flowClosed(host);
  };
  watch.flowOpened(host);

  flow.onDatagram = (payload) => far.send(payload);
  flow.onClosed = () => {
    if (over) return;
    finish();
    far.close();
  };
  far.onDatagram = (payload) => {
    if (!over) flow.send(payload);
  };
  far.onAnswer = (port, answer) => {
    const answered = flow.answeredFrom(port);
    if (answered === null) answer.close();
    else join(answered, answer, watch);
  };
  const ended = (errno: DialErrno | null): void => {
    if (over) return;
    finish();
    const refusal = errno === null ? 'timeout' : refusalOf(errno);
    if (refusal === 'timeout') flow.close();
    else flow.refuse(refusal);
  };
  far.onClosed = ended;
  return ended;
}
