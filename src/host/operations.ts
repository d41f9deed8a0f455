/**
 * What the session may ask for, done.  One change at a time, in the order of the requests; after `close` nothing is
 * changed any more.
 */
import { MirrordError } from '../errors.ts';
import type {
  DnsMode,
  DnsState,
  HostOperations,
  MachineFacts,
  NamedState,
  NetworkState,
  NetworkTargetFacts,
  RouteQuestion,
} from '../ipc/protocol.ts';
import { AgentProcess } from './agent-process.ts';
import { Containers } from './dns/containers.ts';
import { DnsManager } from './dns/manager.ts';
import { Nftables, type Upstreams } from './dns/nftables.ts';
import { ResolvConfFile } from './dns/resolv-conf-file.ts';
import { Resolved } from './dns/resolved.ts';
import { readDns, readFacts } from './facts.ts';
import type { Journal } from './journal/journal.ts';
import { playBackNetwork } from './journal/playback.ts';
import type { Machine } from './machine/machine.ts';
import { Network } from './network/network.ts';
import { routeTo } from './network/route-to.ts';
import { refuse, refusePublicSuffixes } from './requests.ts';
import { findTarget, readTarget } from './target.ts';
import { type User, asUser } from './user.ts';

/** One session serves one target; room for replicas and for one that is started anew. */
const AGENTS_MAX = 64;

export interface HostContext {
  readonly machine: Machine;
  readonly journal: Journal;
  readonly tun: string;
  readonly user: User;
  readonly environment: NodeJS.ProcessEnv;
  readonly agentBundle: string;
  readonly output: (text: string) => void;
  /** Something that the session stands on has gone. */
  readonly lost: (error: MirrordError) => void;
}

export class Host implements HostOperations {
  readonly #context: HostContext;
  readonly #network: Network;
  readonly #dns: DnsManager;
  readonly #containers: Containers;
  readonly #resolvConf: ResolvConfFile;
  readonly #agents = new Map<string, AgentProcess>();
  #servers: readonly string[] = [];
  /** The user's own; undefined until the session has told them. */
  #domains: readonly string[] | undefined;
  #upstreams: Upstreams = { servers: [], ownAddresses: [] };
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(context: HostContext) {
    const { machine, journal, tun } = context;
    this.#context = context;
    this.#network = new Network(machine, journal, tun);
    this.#resolvConf = new ResolvConfFile(machine, journal);
    this.#containers = new Containers(machine, journal.name);
    this.#dns = new DnsManager([
      new Resolved(machine, journal, tun),
      new Nftables(machine, journal, () => this.#upstreams, context.lost),
      this.#resolvConf,
    ]);
  }

  async facts(): Promise<MachineFacts> {
    const { machine, journal, tun } = this.#context;
    const facts = await readFacts(machine, journal, tun, this.#servers);
    const ownAddresses = facts.addresses.map(({ address }) => address.replace(/\/\d+$/, ''));
    this.#upstreams = { servers: facts.dns.servers, ownAddresses };
    return facts;
  }

  async domains(domains: readonly string[]): Promise<void> {
    if (this.#domains !== undefined) refuse('other domains than at the start');
    this.#domains = domains;
  }

  async networkTarget(target: string): Promise<NetworkTargetFacts> {
    return readTarget(this.#context.machine, target, this.facts());
  }

  startAgent(target: string, publicKey: string, socketPath: string): Promise<void> {
    return this.#inTurn(async () => {
      const { machine, user, environment, agentBundle, output } = this.#context;
      this.#agents.get(socketPath)?.stop();
      this.#agents.delete(socketPath);
      for (const [path, agent] of this.#agents) if (agent.ended) this.#agents.delete(path);
      if (this.#agents.size >= AGENTS_MAX) {
        throw new MirrordError('agent', 'too-many-agents', `There are ${AGENTS_MAX} agents already.`);
      }
      const agent = await AgentProcess.start(findTarget(machine, target), {
        bundle: agentBundle,
        user,
        asUser: asUser(machine.files, user),
        publicKey,
        socketPath,
        environment,
        output,
      });
      if (this.#closed) agent.stop();
      else this.#agents.set(socketPath, agent);
    });
  }

  network(state: NetworkState): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      const [facts, rules] = await Promise.all([this.facts(), this.#network.listRules()]);
      return this.#network.apply(state, facts, rules);
    });
  }

  named(state: NamedState): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#network.applyNames(state);
      } catch {
        // The machine is not as it was: once more, after a look at it; what fails then has failed.
        await this.#network.reapply(await this.facts());
        await this.#network.applyNames(state);
      }
    });
  }

  dns(state: DnsState): Promise<{ mode: DnsMode; reason: string }> {
    return this.#inTurn(async () => {
      refusePublicSuffixes(state, this.#domains ?? []);
      const { machine, journal } = this.#context;
      // The servers may be others by now; the addresses have been read for the routes just before.
      this.#upstreams = { ...this.#upstreams, servers: readDns(machine, journal, this.#servers).servers };
      this.#servers = state.servers;
      const containers = this.#containers.apply(state, this.#upstreams.servers); // never rejects
      try {
        const { mode, reason } = await this.#dns.apply(state);
        const without = await containers;
        return { mode, reason: without === undefined ? reason : `${reason}; ${without}` };
      } finally {
        // No change goes on behind a failure.
        await containers;
      }
    });
  }

  route(destination: RouteQuestion): Promise<string | null> {
    return routeTo(this.#context.machine.run, destination);
  }

  /** What the session will need, while it starts. */
  prepare(): void {
    this.#network.prepare();
  }

  /** After the machine changed: puts back what is missing, and resolves to the new facts. */
  changed(): Promise<MachineFacts> {
    return this.#inTurn(async () => {
      const facts = await this.facts();
      await this.#network.reapply(facts);
      return facts;
    });
  }

  /**
   * Takes everything back, but for the agents, whose end would look like a fault to a session that has not been told.
   * Resolves to what could not be made as it was; rejects when a change had to stay.
   */
  async close(): Promise<readonly string[]> {
    this.#closed = true;
    // Its failure was the request's.
    await this.#queue.catch(() => {});
    this.#network.close();
    const { machine, journal } = this.#context;
    const results = await Promise.allSettled([
      playBackNetwork(machine, journal),
      this.#dns.undo(),
      this.#containers.undo(),
    ]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return this.#resolvConf.notes;
  }

  stopAgents(): void {
    for (const agent of this.#agents.values()) agent.stop();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue
      .catch(() => {}) // that failure was another request's
      .then(() => {
        if (this.#closed) throw new MirrordError('interrupted', 'stopping', 'The session is being stopped.');
        return work();
      });
    this.#queue = turn;
    return turn;
  }
}
