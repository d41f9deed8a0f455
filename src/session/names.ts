/**
 * DNS for this machine: the resolver with its upstream and its listeners, and what the machine must send to it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { SessionStatus } from '../control/answers.ts';
import { ExistenceProbe } from '../dns/existence-probe.ts';
import { HostsFile } from '../dns/hosts-file.ts';
import { normalName } from '../names/name.ts';
import type { OwnAnswer } from '../dns/question.ts';
import type { Relay } from '../dns/relay.ts';
import { createResolver, type Resolver, type ResolverPolicy } from '../dns/resolver.ts';
import { Upstream } from '../dns/upstream.ts';
import { type Filter, type NameDecision, type NameRoutes } from '../filter/index.ts';
import { isClusterName } from '../names/classify.ts';
import { type ClusterNames, clusterNames } from '../names/cluster-names.ts';
import { nameForms } from '../names/forms.ts';
import type { HostOperations } from '../ipc/protocol.ts';
import type { MachineFacts } from '../machine/facts.ts';
import type { DnsModeChoice, DnsState } from '../machine/dns-state.ts';
import type { Discovery } from '../kube/cluster.ts';
import type { AgentInfo } from '../peer/agent-info.ts';
import { AnswerRoutes, HOSTS_FILE } from './answer-routes.ts';
import { vouchedNames } from '../names/vouched-names.ts';
import { askedNames } from './domains.ts';
import type { AgentPool } from './agents/pool.ts';
import type { Known, SessionNetwork } from './network.ts';
import { podHosts, NO_POD_HOSTS, type PodHosts } from './pod-hosts.ts';
import { lookUp } from './look-up.ts';
import { type ProgramForm, programForm, searchedLabel } from '../names/program-search.ts';
import { RedirectPorts } from './redirect-ports.ts';
import type { RuleMatches } from './rule-matches.ts';
import { describeNames } from './summary.ts';
import { TakeOver } from './take-over.ts';
import { isWithheld, takenNames, type TakenNames } from './taken-names.ts';
import { isVirtualAddress } from './virtual-addresses.ts';

/** The cluster's answer to a question of our own, ms. */
const PROBE_MS = 1_500;
/** A question waits this long for an agent that is being replaced, ms; SERVFAIL is promised within 2 s. */
const AGENT_WAIT_MS = 1_800;

/** As the agent sees them. */
export type AgentFiles = Pick<AgentInfo, 'resolvConf' | 'hosts'>;

export interface NamesOptions {
  readonly host: HostOperations;
  readonly filter: Filter;
  readonly agents: AgentPool;
  readonly network: SessionNetwork;
  readonly nameRoutes: NameRoutes;
  readonly matches: RuleMatches;
  readonly mode: DnsModeChoice;
  /** The transport's own names (`Remote.ownNames`). */
  readonly ownNames: () => readonly string[];
  /** `Remote.isLoggingIn`. */
  readonly isLoggingIn: () => boolean;
  /** The resolver's virtual address. */
  readonly address: string;
  /** Of its questions to the machine's servers. */
  readonly hopLimit: number;
  readonly warn: (text: string) => void;
  readonly report: (error: unknown) => void;
}

export class SessionNames {
  readonly resolver: Resolver;
  /** Of what comes to the resolver's own address and is not a question for it. */
  readonly relay: Relay;
  readonly #options: NamesOptions;
  readonly #hosts = new HostsFile(HOSTS_FILE);
  readonly #upstream: Upstream;
  readonly #takeOver: TakeOver;
  readonly #routes: AnswerRoutes;
  readonly #ports: RedirectPorts;
  #discovery: Discovery;
  /** The machine has been told once: from then on it follows what is learned. */
  #isTaken = false;
  readonly #foundNamespaces = new Set<string>();
  #agent: AgentFiles;
  /** This machine's. */
  #search: readonly string[];
  #podHosts: PodHosts = NO_POD_HOSTS;
  #taken: TakenNames;
  /** `#taken`, as names are compared. */
  #known: ClusterNames;

  static async open(options: NamesOptions, agent: AgentFiles, { discovery, facts }: Known): Promise<SessionNames> {
    const upstream = await Upstream.open(facts.dns.servers, { hopLimit: options.hopLimit });
    const session = new SessionNames(options, upstream, agent, discovery, facts.dns);
    await session.#ports.follow(facts.dns.asked);
    return session;
  }

  private constructor(
    options: NamesOptions,
    upstream: Upstream,
    agent: AgentFiles,
    discovery: Discovery,
    { search }: MachineFacts['dns'],
  ) {
    this.#options = options;
    this.#upstream = upstream;
    this.#agent = agent;
    this.#search = search;
    this.#discovery = discovery;
    this.#taken = this.#take();
    this.#known = clusterNames(this.#taken);
    this.#takeOver = new TakeOver(options.host, options.warn);
    this.#routes = new AnswerRoutes({ ...options, hosts: this.#hosts, forms: (name) => this.forms(name) });
    const probe = new ExistenceProbe({
      ask: (message) => this.#askCluster(message, AbortSignal.timeout(PROBE_MS)),
      now: () => performance.now(),
    });
    const serviceExists = async (label: string): Promise<boolean> => {
      const { namespace, clusterDomain } = this.#known;
      return namespace !== null && (await probe.exists(`${label}.${namespace}.svc.${clusterDomain}`));
    };
    this.resolver = createResolver(this.#known, this.#policy(), {
      cluster: (message, signal) => this.#askCluster(message, signal),
      upstream: (message, transport, signal) => upstream.ask(message, transport, signal),
      namespaceExists: async (label) => {
        if (this.#discovery.allNamespaces || isWithheld(label, options.filter)) return false;
        if (!(await probe.exists(`${label}.svc.${this.#taken.clusterDomain}`))) return false;
        this.#found(label);
        return true;
      },
      serviceExists: async (label) => !isWithheld(label, options.filter) && (await serviceExists(label)),
      mayBeService: async (name) => {
        const label = searchedLabel(name, this.#takeOver.search.search, this.#taken.machineSearch);
        return label !== undefined && (await serviceExists(label));
      },
      hosts: (forms) => this.hosts(forms),
      targetHosts: (forms) => this.podHosts(forms),
      now: () => performance.now(),
      report: options.report,
    });
    this.relay = upstream.relay();
    this.#ports = new RedirectPorts(this.resolver, (server) => upstream.relay(server));
  }

  /** What is known of the cluster's names. */
  get known(): ClusterNames {
    return this.#known;
  }

  /** Every form of a name, the asked one first; one host whatever the form. */
  forms(name: string): readonly string[] {
    return nameForms(name, this.#known);
  }

  /** Who answers for a name, given all its forms. */
  resolve(forms: readonly string[]): NameDecision {
    const isOwn = this.#options.ownNames().some((name) => normalName(name) === forms[0]);
    return isOwn ? { answer: 'local', rule: null } : this.#options.filter.resolve(forms);
  }

  /**
   * Whether a name that only `scope: "all"` gives to the cluster may be what a credential plugin looks up, so that the
   * tunnel comes back.  With an nftables redirect its questions never come here; by the other ways nothing tells whose they
   * are.
   */
  #mayBeLogin(name: string): boolean {
    const { agents, isLoggingIn } = this.#options;
    return agents.outgoing.away !== null && isLoggingIn() && !isClusterName(name, this.#known);
  }

  /** Addresses that the machine's hosts file has for the first of `forms` that it knows. */
  hosts(forms: readonly string[]): Promise<readonly string[] | undefined> {
    return this.#hosts.lookup(forms);
  }

  /** Addresses that the target pod's hosts file has, likewise. */
  podHosts(forms: readonly string[]): readonly string[] | undefined {
    const { table } = this.#podHosts;
    return forms.map((form) => table.get(form)).find((addresses) => addresses !== undefined);
  }

  /** Whether that file has the name, and has no say about it. */
  isWithheldHost(name: string): boolean {
    return this.#podHosts.withheld.includes(normalName(name));
  }

  /** What programs make of a name that they are told. */
  async programForm(name: string): Promise<ProgramForm> {
    if (this.#takeOver.isOff || (await this.hosts([name])) !== undefined) return { name };
    const exists = async (form: string): Promise<boolean> => (await this.lookUp(form)).addresses.length > 0;
    return programForm(name, await this.#options.host.programSearch(), this.#taken.machineSearch, exists);
  }

  /** Resolves when the machine has been told of all that was learned. */
  settled(): Promise<void> {
    return this.#takeOver.settled();
  }

  lookUp(name: string): Promise<OwnAnswer> {
    return lookUp(this.resolver, name);
  }

  get status(): SessionStatus['dns'] {
    const off = this.#takeOver.isOff;
    return {
      mode: this.#takeOver.now.mode,
      reason: this.#takeOver.now.reason,
      server: off ? '' : this.#options.address,
      domains: off ? [] : this.#taken.domains,
      search: off ? [] : this.#taken.machineSearch,
      podHosts: off ? [] : [...this.#podHosts.table.keys()],
      withheldPodHosts: off ? [] : this.#podHosts.withheld,
    };
  }

  /** For people; `service`: one that is there. */
  describe(service: string | undefined): string {
    const { isOff, now } = this.#takeOver;
    return isOff ? `not changed (${now.reason})` : describeNames(this.#taken, service);
  }

  /** How programs come to ask here, where that has a weakness; else null. */
  get notableWay(): string | null {
    const { isNotable, reason } = this.#takeOver.now;
    return isNotable ? `by ${reason}` : null;
  }

  /** Whether programs get the cluster's answer when they ask for it. */
  reaches(name: string): boolean {
    const { answer } = this.resolve(this.forms(name));
    const isTheClusters = answer === 'cluster' || (answer === 'default' && this.#known.namespace !== null);
    return !this.#takeOver.isOff && isTheClusters;
  }

  /** From here on the machine asks this resolver, as far as the wish goes. */
  takeOver(): Promise<void> {
    this.#isTaken = true;
    return this.#apply();
  }

  async #apply(isMending = false): Promise<void> {
    if (this.#isTaken) await this.#takeOver.set(this.#state(), isMending);
  }

  followHosts(): Promise<void> {
    return this.#routes.followHosts();
  }

  discovered(discovery: Discovery): Promise<void> {
    this.#discovery = discovery;
    this.#renamed();
    return this.#apply();
  }

  /** Another agent may see other files. */
  agentChanged(agent: AgentFiles): Promise<void> {
    this.#agent = agent;
    this.#renamed();
    return this.#apply();
  }

  async machineChanged(facts: MachineFacts): Promise<void> {
    const isOther = !isDeepStrictEqual(facts.dns.search, this.#search);
    this.#search = facts.dns.search;
    if (isOther) this.#renamed();
    // Another session asks the servers that were here before it: through us, as long as our redirect takes theirs.
    const { servers } = facts.dns;
    const others = servers.filter((server) => !isVirtualAddress(server));
    if (others.length > 0) this.#upstream.setServers(others);
    const isAsked = await this.#ports.follow(facts.dns.asked);
    try {
      if (isOther || isAsked || facts.dns.overwritten) await this.#apply(facts.dns.overwritten);
    } finally {
      this.#upstream.setServers(servers);
    }
    await this.#ports.prune();
  }

  async close(): Promise<void> {
    this.#routes.close();
    this.#upstream.close();
    await this.#ports.close();
  }

  /** A namespace that was not known before; from now on its names come to us by every way. */
  #found(namespace: string): void {
    this.#foundNamespaces.add(namespace);
    this.discovered(this.#discovery).catch(this.#options.report);
  }

  #renamed(): void {
    this.#taken = this.#take();
    this.#known = clusterNames(this.#taken);
    this.resolver.update(this.#known);
  }

  #take(): TakenNames {
    const { agents, filter, warn } = this.#options;
    const names = vouchedNames(this.#agent.resolvConf, { byServer: this.#discovery.domains, byUser: filter.domains });
    const { refused } = names;
    if (refused !== null) {
      warn(
        `The target's resolv.conf says that ${refused} is the cluster's domain, but nothing confirms it: ` +
          `names below it stay with this machine (--domain ${refused} gives them to the cluster).`,
      );
    }
    // An agent without a target has a pod of its own, whose names are of no use to anyone.
    const hosts = agents.outgoing.agent?.kind === 'job' ? '' : this.#agent.hosts;
    this.#podHosts = podHosts(hosts, { given: names.zones, machineSearch: this.#search });
    return takenNames(names, this.#discovery, filter, this.#foundNamespaces, this.#podHosts.table);
  }

  #policy(): ResolverPolicy {
    const { filter, matches } = this.#options;
    return {
      ipv6: filter.settings.ipv6,
      rule: (names) => {
        const [name = ''] = names;
        const { answer, rule } = this.resolve(this.forms(name));
        if (answer === 'cluster' && rule === null && this.#mayBeLogin(name)) return 'local';
        if (rule !== null) matches.question(answer === 'cluster' ? 'cluster' : 'local', rule);
        return answer;
      },
      host: (name) => filter.host(this.forms(name)),
      prepareAnswer: (name, addresses, ttlSeconds) => this.#routes.answered(name, addresses, ttlSeconds),
    };
  }

  async #askCluster(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const tunnel = await this.#options.agents.whenUp(AGENT_WAIT_MS);
    if (!tunnel) throw new Error('the agent is away');
    return tunnel.resolve(message, signal);
  }

  #state(): DnsState {
    const { filter, mode, address } = this.#options;
    const off = mode === 'off' || !filter.settings.dns.enabled;
    return {
      mode: off ? 'off' : mode,
      servers: [address],
      redirects: this.#ports.redirects,
      exempt: { hopLimit: this.#options.hopLimit, tcp: this.#upstream.tcpPorts },
      search: this.#taken.machineSearch,
      domains: this.#taken.domains,
      everything: askedNames(filter).everything,
    };
  }
}
