/**
 * What the session may ask for, done.  Changes of one thing (agents, routes, DNS) are made one at a time, in the order of
 * the requests, and wait for no other thing: an agent that starts slowly must not hold up the route that a DNS answer waits
 * for.  After `close` nothing is changed any more.
 */
import { MirrordError } from '../errors.ts';
import type { HostOperations } from '../ipc/protocol.ts';
import type { MachineFacts, NetworkTargetFacts } from '../machine/facts.ts';
import type { BoundFlow, Forwarded, NamedState, NetworkState, RouteQuestion } from '../machine/network-state.ts';
import type { AskedNames, DnsMode, DnsModeChoice, DnsState } from '../machine/dns-state.ts';
import { AgentProcess } from '../machine/linux/processes/agent-process.ts';
import { Containers } from '../machine/linux/dns/containers.ts';
import { DnsManager } from '../machine/linux/dns/manager.ts';
import { Nftables, type Upstreams } from '../machine/linux/dns/nftables.ts';
import { ResolvConfFile } from '../machine/linux/dns/resolv-conf-file.ts';
import { Resolved } from '../machine/linux/dns/resolved.ts';
import { readDns, readFacts } from '../machine/linux/facts.ts';
import type { Journal } from './journal/journal.ts';
import { withLock } from './journal/lock.ts';
import { playBackNetwork } from './journal/playback.ts';
import type { System } from '../machine/linux/system/system.ts';
import { admissionOf } from '../machine/linux/network/admission.ts';
import { Network } from '../machine/linux/network/network.ts';
import { routeTo } from '../machine/linux/network/route-to.ts';
import { refuseSharedRanges } from './shared-ranges.ts';
import { Strangers } from '../machine/linux/nftables/strangers.ts';
import type { Outside } from '../machine/linux/processes/outside.ts';
import { agreesWith, refuseUnasked } from './requests.ts';
import { type NetworkTarget, openTarget, readTarget } from '../machine/linux/target.ts';
import { Turns } from './turns.ts';
import { refuse } from './unchecked.ts';
import { type User, asUser } from '../machine/linux/processes/user.ts';

/** One session serves one target; room for replicas and for one that is started anew. */
const AGENTS_MAX = 64;

const NOTHING_ASKED: AskedNames = { domains: [], everything: false };

export interface HostContext {
  readonly system: System;
  readonly journal: Journal;
  readonly tun: string;
  readonly user: User;
  readonly outside: Outside;
  readonly environment: NodeJS.ProcessEnv;
  readonly agentBundle: string;
  /** Program and arguments of `read-entry.ts`. */
  readonly reader: readonly string[];
  /** The target as `up` was told it; undefined when it was not. */
  readonly told: string | undefined;
  /** `--dns`. */
  readonly dns: DnsModeChoice;
  readonly output: (text: string) => void;
  /** Something that the session stands on has gone. */
  readonly lost: (error: MirrordError) => void;
}

export class Host implements HostOperations {
  readonly #context: HostContext;
  readonly #network: Network;
  readonly #dns: DnsManager;
  readonly #containers: Containers;
  readonly #strangers: Strangers;
  readonly #resolvConf: ResolvConfFile;
  readonly #agents = new Map<string, AgentProcess>();
  /** Null: it is not on this machine; undefined until the session has told. */
  #target: NetworkTarget | null | undefined;
  /** As soon as there are routes. */
  #forwarded: Forwarded | undefined;
  #servers: readonly string[] = [];
  /** The last wish for DNS. */
  #wished: DnsState | undefined;
  /** Undefined until the session has told it. */
  #asked: AskedNames | undefined;
  #upstreams: Upstreams = { servers: [], asked: [], search: [], ownAddresses: [] };
  readonly #agentTurns = new Turns();
  readonly #networkTurns = new Turns();
  readonly #dnsTurns = new Turns();
  readonly #closing = new AbortController();

  constructor(context: HostContext) {
    const { system, journal, tun } = context;
    this.#context = context;
    this.#network = new Network(system, journal, tun, context.outside);
    this.#resolvConf = new ResolvConfFile(system, journal);
    this.#containers = new Containers(system, journal.name);
    this.#strangers = new Strangers(system.run, journal.name, tun);
    const redirect = new Nftables(
      system,
      journal,
      context.user.uid,
      () => context.outside.mark,
      () => this.#upstreams,
      context.lost,
    );
    this.#dns = new DnsManager([new Resolved(system, journal, tun, redirect), redirect, this.#resolvConf]);
  }

  async facts(): Promise<MachineFacts> {
    const { system, journal, tun } = this.#context;
    const facts = await readFacts(system, journal, tun, this.#servers);
    const ownAddresses = facts.addresses.map(({ address }) => address.replace(/\/\d+$/, ''));
    const { servers, asked, search } = facts.dns;
    this.#upstreams = { servers, asked, search, ownAddresses };
    return facts;
  }

  async asked(names: AskedNames): Promise<void> {
    if (this.#asked !== undefined) refuse('other names than at the start');
    this.#asked = names;
  }

  async target(name: string | null): Promise<NetworkTargetFacts | null> {
    const { told, system } = this.#context;
    if (this.#target !== undefined || !agreesWith(told, name)) refuse('another target than at the start');
    this.#target = null;
    if (name === null) return null;
    // An agent that is asked for meanwhile is started in it.
    return this.#inTurn(this.#agentTurns, async () => {
      const [target, here] = await Promise.all([openTarget(this.#context, name), this.facts()]);
      const facts = await readTarget(system, target, here);
      this.#target = { ...target, resolvConf: facts.resolvConf };
      return facts;
    });
  }

  startAgent(publicKey: string, socketPath: string): Promise<void> {
    return this.#inTurn(this.#agentTurns, async () => {
      const target = this.#target ?? refuse('an agent on this machine, where the target is not');
      const { system, user, environment, agentBundle, output } = this.#context;
      this.#agents.get(socketPath)?.stop();
      this.#agents.delete(socketPath);
      for (const [path, agent] of this.#agents) if (agent.ended) this.#agents.delete(path);
      if (this.#agents.size >= AGENTS_MAX) {
        throw new MirrordError('agent', 'too-many-agents', `There are ${AGENTS_MAX} agents already.`);
      }
      const agent = await AgentProcess.start(target, {
        bundle: agentBundle,
        user,
        asUser: asUser(system.files, user),
        publicKey,
        socketPath,
        environment,
        output,
        signal: this.#closing.signal,
      });
      this.#agents.set(socketPath, agent);
    });
  }

  /** No other flow is ended on the session's word than one to where it could have reset it: into its own routes. */
  async bound(flows: readonly BoundFlow[]): Promise<void> {
    this.#context.journal.writeBound(flows.filter(({ destination }) => this.#network.leadsTo(destination.host)));
  }

  reserve(ranges: readonly string[]): Promise<boolean> {
    const { system, journal } = this.#context;
    return this.#inTurn(this.#networkTurns, () =>
      // Two that start at the same moment must not both find the ranges free.
      withLock(system, async () => {
        const others = journal.otherNetworks();
        refuseSharedRanges(journal.name, ranges, others);
        journal.writeReserved(ranges);
        return others.length === 0;
      }),
    );
  }

  network(state: NetworkState): Promise<readonly string[]> {
    return this.#inTurn(this.#networkTurns, async () => {
      const [facts, rules] = await Promise.all([this.facts(), this.#network.listRules()]);
      const warnings = await this.#network.apply(state, facts, rules);
      this.#forwarded = state.forwarded;
      this.#admit(facts);
      return warnings;
    });
  }

  named(state: NamedState): Promise<void> {
    return this.#inTurn(this.#networkTurns, async () => {
      try {
        await this.#network.applyNames(state);
      } catch {
        // The machine is not as it was: once more, after a look at it; what fails then has failed.
        await this.#network.reapply(await this.facts());
        await this.#network.applyNames(state);
      }
    });
  }

  dns(state: DnsState): Promise<{ mode: DnsMode; reason: string; isNotable: boolean }> {
    return this.#inTurn(this.#dnsTurns, async () => {
      refuseUnasked(state, this.#asked ?? NOTHING_ASKED, this.#context.dns);
      const { system, journal } = this.#context;
      // The servers may be others by now; the addresses have been read for the routes just before.
      const { servers, asked, search } = readDns(system, journal, this.#servers);
      this.#upstreams = { ...this.#upstreams, servers, asked, search };
      this.#wished = state;
      this.#servers = state.servers;
      const containers = this.#containers.apply(state, this.#upstreams); // never rejects
      try {
        const told = await this.#dns.apply(state);
        const without = await containers;
        return without === undefined ? told : { ...told, reason: `${told.reason}; ${without}`, isNotable: true };
      } finally {
        // No change goes on behind a failure.
        await containers;
      }
    });
  }

  route(destination: RouteQuestion): Promise<string | null> {
    return routeTo(this.#context.system.run, destination);
  }

  strangers(): Promise<number | null> {
    return this.#strangers.count();
  }

  /** What the session will need, while it starts. */
  prepare(): void {
    this.#network.prepare();
  }

  /** After the machine changed: puts back what is missing of the routes, and resolves to the new facts. */
  async changed(): Promise<MachineFacts> {
    const facts = await this.#inTurn(this.#networkTurns, async () => {
      const read = await this.facts();
      await this.#network.reapply(read);
      this.#admit(read);
      return read;
    });
    const holds = await this.#inTurn(this.#dnsTurns, async () => this.#wished && this.#dns.holds(this.#wished));
    return holds === false ? { ...facts, dns: { ...facts.dns, overwritten: true } } : facts;
  }

  /**
   * Takes everything back, but for the agents, whose end would look like a fault to a session that has not been told.
   * Resolves to what could not be made as it was; rejects when a change had to stay.
   */
  async close(): Promise<readonly string[]> {
    this.#closing.abort();
    await Promise.all([this.#agentTurns, this.#networkTurns, this.#dnsTurns].map((turns) => turns.idle()));
    this.#network.close();
    const { system, journal } = this.#context;
    const results = await Promise.allSettled([
      playBackNetwork(system, journal),
      this.#dns.undo(),
      this.#containers.undo(),
      this.#strangers.drop(),
    ]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return this.#resolvConf.notes;
  }

  stopAgents(): void {
    for (const agent of this.#agents.values()) agent.stop();
  }

  /** What goes beside the routes for those who come in, and those who do not; nothing waits for it but `close`. */
  #admit({ bridges }: MachineFacts): void {
    if (this.#forwarded === undefined) return;
    const admission = admissionOf(this.#forwarded, bridges);
    this.#inTurn(this.#dnsTurns, async () => {
      await Promise.all([this.#containers.admit(admission), this.#strangers.apply(admission)]);
    }).catch(() => {}); // neither rejects: it is too late
  }

  #inTurn<T>(turns: Turns, work: () => Promise<T>): Promise<T> {
    return turns.take(() => {
      if (this.#closing.signal.aborted) {
        throw new MirrordError('interrupted', 'stopping', 'The session is being stopped.');
      }
      return work();
    });
  }
}
