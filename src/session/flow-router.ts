/**
 * Decides for each new flow that enters by the TUN who serves it: the resolver (its virtual address), or the tunnel.
 *
 * Everything that arrives here was routed here by the kernel; which destinations those are is decided elsewhere.
 */
import type { EchoRequest, Endpoint, FlowHandler, TcpFlow, UdpFlow } from '../stack/index.ts';
import type { DialOutcome } from '../mux/flow.ts';
import type { Tunnel } from '../peer/tunnel.ts';
import type { AgentPool } from './agents/pool.ts';
import { refusalOf } from './refusal.ts';
import { type FlowWatch, relayTcp } from './tcp-relay.ts';
import { relayUdp } from './udp-relay.ts';

/** A new flow waits this long for a tunnel that is being rebuilt; programs' own connect time-outs are longer. */
const DIAL_WAIT_MS = 30_000;
/** Datagrams that arrive while no tunnel is up wait no longer than this: who sends UDP sends again. */
const DATAGRAM_WAIT_MS = 2_000;
const DNS_PORT = 53;

/** The resolver's listeners behind its virtual address. */
export interface ResolverFlows {
  tcp(flow: TcpFlow): void;
  udp(flow: UdpFlow): void;
}

/** Told of each new flow that goes to the cluster. */
export type FlowSeen = (protocol: 'tcp' | 'udp', destination: Endpoint, source: Endpoint) => void;

export class FlowRouter implements FlowHandler {
  readonly #agents: AgentPool;
  readonly #resolverAddress: string;
  readonly #resolver: ResolverFlows;
  readonly #watch: FlowWatch;
  readonly #entered: FlowSeen;
  /** One probe serves all echo requests to a host that are waiting for it. */
  readonly #probes = new Map<string, Promise<DialOutcome>>();
  #refuses = false;

  constructor(
    agents: AgentPool,
    resolverAddress: string,
    resolver: ResolverFlows,
    watch: FlowWatch,
    entered: FlowSeen,
  ) {
    this.#agents = agents;
    this.#resolverAddress = resolverAddress;
    this.#resolver = resolver;
    this.#watch = watch;
    this.#entered = entered;
  }

  /** From now on every new flow is refused at once. */
  refuseAll(): void {
    this.#refuses = true;
  }

  tcp(flow: TcpFlow): void {
    if (this.#refuses) return flow.refuse('refused');
    if (flow.destination.host === this.#resolverAddress) {
      if (flow.destination.port === DNS_PORT) this.#resolver.tcp(flow);
      else flow.refuse('refused');
      return;
    }
    this.#entered('tcp', flow.destination, flow.source);
    const { tunnel } = this.#agents;
    if (tunnel) this.#connect(flow, tunnel);
    else void this.#connectLater(flow);
  }

  udp(flow: UdpFlow): void {
    if (this.#refuses) return flow.refuse('refused');
    if (flow.destination.host === this.#resolverAddress) {
      if (flow.destination.port === DNS_PORT) this.#resolver.udp(flow);
      else flow.refuse('refused');
      return;
    }
    this.#entered('udp', flow.destination, flow.source);
    const { tunnel } = this.#agents;
    if (tunnel) relayUdp(flow, tunnel, this.#watch);
    else void this.#sendLater(flow);
  }

  echo(request: EchoRequest): void {
    if (this.#refuses) return request.reply('host-unreachable');
    if (request.destination === this.#resolverAddress) {
      request.reply('reachable');
      return;
    }
    void this.#probe(request);
  }

  #connect(flow: TcpFlow, tunnel: Tunnel): void {
    const stream = tunnel.connect(flow.destination.host, flow.destination.port);
    relayTcp(flow, stream, this.#watch, () => {
      if (this.#agents.has(tunnel)) return false;
      // What the agent took along was not an answer of the destination's.
      void this.#connectLater(flow);
      return true;
    });
  }

  async #connectLater(flow: TcpFlow): Promise<void> {
    let abandoned = false;
    flow.onAbandoned = () => {
      abandoned = true;
    };
    const tunnel = await this.#agents.whenUp(DIAL_WAIT_MS);
    if (abandoned) return;
    if (tunnel) this.#connect(flow, tunnel);
    else flow.refuse('timeout');
  }

  async #sendLater(flow: UdpFlow): Promise<void> {
    let first: Uint8Array | undefined;
    let closed = false;
    flow.onDatagram = (payload) => {
      first ??= payload.slice();
    };
    flow.onClosed = () => {
      closed = true;
    };
    const tunnel = await this.#agents.whenUp(DATAGRAM_WAIT_MS);
    if (closed) return;
    if (!tunnel) {
      flow.close();
      return;
    }
    relayUdp(flow, tunnel, this.#watch);
    if (first) flow.onDatagram(first);
  }

  async #probe(request: EchoRequest): Promise<void> {
    const host = request.destination;
    let probe = this.#probes.get(host);
    if (!probe) {
      const { tunnel } = this.#agents;
      if (!tunnel) return; // silence is the truth: the answer is not known
      probe = tunnel.probe(host);
      this.#probes.set(host, probe);
      const forget = (): void => void this.#probes.delete(host);
      probe.then(forget, forget);
    }
    const outcome = await probe.catch(() => undefined); // the tunnel was lost meanwhile: silence again
    if (!outcome) return;
    request.reply(outcome.ok ? 'reachable' : refusalOf(outcome.errno));
  }
}
