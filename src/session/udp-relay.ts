/** One UDP (source, destination) pair between the stack and the tunnel. */
import type { UdpFlow } from '../stack/flow.ts';
import type { DialErrno, Tunnel } from '../tunnel/tunnel.ts';
import { refusalOf } from './refusal.ts';
import type { FlowWatch } from './tcp-relay.ts';

export function relayUdp(flow: UdpFlow, tunnel: Tunnel, watch: FlowWatch): void {
  const far = tunnel.datagrams(flow.destination.host, flow.destination.port);
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
  const ended = (errno: DialErrno | null): void => {
    if (over) return;
    finish();
    const refusal = errno === null ? 'timeout' : refusalOf(errno);
    if (refusal === 'timeout') flow.close();
    else flow.refuse(refusal);
  };
  far.onClosed = ended;
  void far.opened.then((outcome) => {
    if (!outcome.ok) ended(outcome.errno);
  });
}
