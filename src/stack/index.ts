/**
 * The userspace TCP/UDP/ICMP stack: terminates every flow that enters by the TUN.
 *
 * It sees packets and gives byte streams, datagrams and echo requests to a `FlowHandler`; it answers a program only
 * as the handler says.  Pure: packets and time come in by calls, packets go out through `TunDevice.send`; no socket,
 * no timer, no clock of its own.  It must not know tunnels, names, ranges or clusters.  How to drive it stands at the
 * head of stack.ts, every bound with its reason in limits.ts.
 */
export { Stack } from './stack.ts';
export type {
  EchoRequest,
  Endpoint,
  FlowHandler,
  Refusal,
  StackCounters,
  TcpFlow,
  TcpFlowEvents,
  UdpFlow,
} from './flow.ts';
