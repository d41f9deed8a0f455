/**
 * This machine's side of a session: the stack behind the TUN, the routes into it, and the resolver.
 *
 * It is made once the agent stands.  `connect` changes the machine; what is learned later of either side comes in by
 * calls, and the machine follows.
 */
import type { SessionStatus } from '../control/answers.ts';
import { serveTcpFlow, serveUdpFlow } from '../dns/flow-listener.ts';
import { MirrordError, describeError } from '../errors.ts';
import { checkCapture, describeFilter, type Explanation, type Filter, NameRoutes, routePlan } from '../filter/index.ts';
import type { StartMessage } from '../ipc/protocol.ts';
import type { MachineFacts } from '../machine/facts.ts';
import type { Discovery } from '../kube/cluster.ts';
import type { StackCounters, TcpFlow, UdpFlow } from '../stack/index.ts';
import { KernelDevice } from '../tun/kernel-device.ts';
import { BoundFlows } from './bound-flows.ts';
import { explainDestination } from './explain.ts';
import type { AgentPool } from './agents/pool.ts';
import { describeForwarded } from './forwarded.ts';
import { FlowRouter, type FlowSeen } from './flow-router.ts';
import { hopLimitOf } from './hop-limit.ts';
import type { HostClient } from './host-client.ts';
import { SessionNames, type AgentFiles } from './names.ts';
import { type Known, SessionNetwork, TUN_MTU } from './network.ts';
import type { RuleMatches } from './rule-matches.ts';
import { StackDriver } from './stack-driver.ts';
import { describeRoutes } from './summary.ts';
import type { FlowWatch } from './tcp-relay.ts';
import { type VirtualAddresses, pickVirtualAddresses } from './virtual-addresses.ts';

export interface CaptureOptions {
  readonly start: StartMessage;
  readonly host: HostClient;
  readonly filter: Filter;
  readonly agents: AgentPool;
  readonly matches: RuleMatches;
  /** The transport's own names (`Remote.ownNames`). */
  readonly ownNames: () => readonly string[];
  /** `Remote.isLoggingIn`. */
  readonly isLoggingIn: () => boolean;
  readonly warn: (text: string) => void;
  /** Told of questions that failed. */
  readonly report: (error: unknown) => void;
}

export class Capture {
  readonly network: SessionNetwork;
  readonly #options: CaptureOptions;
  readonly #virtual: VirtualAddresses;
  readonly #nameRoutes: NameRoutes;
  #names: SessionNames | undefined;
  #driver: StackDriver | undefined;
  #router: FlowRouter | undefined;
  #isReleased = false;

  /** Throws when the filter would lead the transport itself into the TUN. */
  constructor(options: CaptureOptions, known: Known) {
    const { host, filter } = options;
    const ipv6 = filter.settings.ipv6 && known.discovery.ranges.some((range) => range.includes(':'));
    this.#options = options;
    this.#virtual = pickVirtualAddresses(takenRanges(known), ipv6, options.start.tun.name);
    this.network = new SessionNetwork(host, filter, this.#virtual, known);
    this.#checkFilter([...known.own, ...options.ownNames()]);
    this.#nameRoutes = new NameRoutes(this.network.scoped);
  }

  /** From here on the machine is being changed.  `service`: the name of one that is there, for the words. */
  async connect(service?: string): Promise<void> {
    const { host, filter, start, warn } = this.#options;
    const { network } = this;
    const names = await SessionNames.open(
      {
        ...this.#options,
        network,
        nameRoutes: this.#nameRoutes,
        mode: start.options.dns,
        address: this.#virtual.resolver,
        hopLimit: hopLimitOf(start.tun.name),
      },
      this.#agentFiles,
      network.known,
    );
    this.#names = names;
    // What was told while its sockets were being opened.
    const { discovery, facts } = network.known;
    await Promise.all([names.agentChanged(this.#agentFiles), names.discovered(discovery), names.machineChanged(facts)]);
    this.#driver = this.#drive(names);

    await network.apply();
    network.warnings.forEach(warn);
    host.progress('routes', 'done', describeRoutes(network.routes, start.tun.name));
    if (this.#hasNeighbours) host.progress('others', 'done', this.forwarded);
    for (const line of describeFilter(filter)) host.progress('filter', 'done', line);
    await names.followHosts();
    await names.takeOver();
    host.progress('dns', 'done', names.describe(service));
    if (names.notableWay !== null) host.progress('dns', 'done', names.notableWay);
  }

  /** Of the TUN itself. */
  get addresses(): readonly string[] {
    return this.#virtual.tun;
  }

  /** Who comes in by this machine, in one line. */
  get forwarded(): string {
    return describeForwarded(this.#options.filter.settings.outgoing.forwarded, this.network.known.facts.bridges);
  }

  /** Whether anyone but this machine could come in, or is kept out by the user's word. */
  get #hasNeighbours(): boolean {
    const { forwarded } = this.#options.filter.settings.outgoing;
    return forwarded !== 'bridges' || this.network.known.facts.bridges.length > 0;
  }

  /** Whether programs that open a TCP connection to that name reach the cluster's. */
  reaches(name: string): boolean {
    return this.#options.filter.settings.outgoing.tcp && this.#names?.reaches(name) === true;
  }

  get dns(): SessionStatus['dns'] | undefined {
    return this.#names?.status;
  }

  get counters(): StackCounters | undefined {
    return this.#driver?.counters;
  }

  /** The cluster's ranges or namespaces are others now. */
  async discovered(discovery: Discovery): Promise<void> {
    await this.network.discovered(discovery);
    await this.#rescopeNames();
    await this.#names?.discovered(discovery);
  }

  /** The machine's own network, or the transport's addresses, are others now. */
  async machineChanged(facts: MachineFacts, own: readonly string[]): Promise<void> {
    // Questions do not wait for routes, nor routes for them.
    await Promise.all([this.#names?.machineChanged(facts), this.#reroute(facts, own)]);
  }

  /** Another agent may see other files. */
  async agentChanged(): Promise<void> {
    await this.#names?.agentChanged(this.#agentFiles);
  }

  /** Null while it is still being connected. */
  explain(destination: string): Promise<Explanation> | null {
    if (this.#names === undefined) return null;
    return explainDestination(destination, {
      host: this.#options.host,
      names: this.#names,
      nameRoutes: this.#nameRoutes,
      scoped: this.network.scoped,
      namespaces: this.network.known.discovery.namespaces,
    });
  }

  /** Every program is told that its flows are over, and new ones are refused: while the routes still lead here. */
  release(): void {
    this.#isReleased = true;
    this.#router?.refuseAll();
    this.#driver?.endFlows();
  }

  async close(): Promise<void> {
    this.release();
    this.#driver?.close();
    await this.#names?.close();
  }

  /** Of the agent that there is now. */
  get #agentFiles(): AgentFiles {
    return this.#options.agents.outgoing.info ?? { resolvConf: '', hosts: '' };
  }

  #drive(names: SessionNames): StackDriver {
    const { host, agents, matches, start } = this.#options;
    const device = new KernelDevice(start.tun.fd, TUN_MTU);
    device.onGone = () => {
      const help = 'Another program has deleted it. Start again with: sudo mirrord up';
      const text = `The interface ${start.tun.name} is gone.`;
      host.failed(describeError(new MirrordError('host', 'tun-lost', text, { help })));
    };
    const resolver = {
      tcp: (flow: TcpFlow) => serveTcpFlow(names.resolver, names.relay, flow),
      udp: (flow: UdpFlow) => serveUdpFlow(names.resolver, names.relay, flow),
    };
    const bound = new BoundFlows(host, this.#virtual.tun);
    const entered: FlowSeen = (protocol, destination, source) => {
      matches.flow(protocol, destination, this.network.scoped, this.#nameRoutes);
      if (protocol === 'tcp') bound.entered(source, destination, this.network.known.facts);
    };
    const watch: FlowWatch = {
      flowOpened: (address) => this.#nameRoutes.flowOpened(address),
      flowClosed: (address) => this.#nameRoutes.flowClosed(address, performance.now()),
    };
    const router = new FlowRouter(agents, this.#virtual.resolver, resolver, watch, entered);
    if (this.#isReleased) router.refuseAll();
    this.#router = router;
    return new StackDriver(device, router);
  }

  #checkFilter(servers: readonly string[]): void {
    const { scoped } = this.network;
    for (const { severity, text } of checkCapture(scoped, routePlan(scoped), servers)) {
      if (severity === 'warning') this.#options.warn(text);
      else
        throw new MirrordError('usage', 'filter-captures-server', text, { help: 'Remove the entry from the filter.' });
    }
  }

  async #reroute(facts: MachineFacts, own: readonly string[]): Promise<void> {
    await this.network.machineChanged(facts, own);
    await this.#rescopeNames();
  }

  async #rescopeNames(): Promise<void> {
    if (this.#nameRoutes.rescope(this.network.scoped).changed) await this.network.named(this.#nameRoutes.state());
  }
}

/** What the TUN's own addresses must stay away from; a default route is everywhere and says nothing. */
function takenRanges({ facts, discovery }: Known): readonly string[] {
  return [
    ...facts.routes.map(({ destination }) => destination).filter((destination) => !/\/[01]$/.test(destination)),
    ...facts.addresses.map(({ address }) => address),
    ...discovery.ranges,
  ];
}
