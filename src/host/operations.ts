/**
 * What the session may ask for, done.  Changes of one thing (agents, routes, DNS) are made one at a time, in the order of
 * the requests, and wait for no other thing: an agent that starts slowly must not hold up the route that a DNS answer waits
 * for.  After `close` nothing is changed any more.
 */
import { MirrordError } from '../errors.ts';
import type { HostOperations } from '../ipc/protocol.ts';
import type { AskedNames, DnsInForce, DnsModeChoice, DnsState } from '../machine/dns-state.ts';
import type { MachineFacts, NetworkTargetFacts } from '../machine/facts.ts';
import type { ProgramSearch } from '../names/program-search.ts';
import type { BoundFlow, NamedState, NetworkState, RouteQuestion } from '../machine/network-state.ts';
import type { Agent, AgentRole, SessionMachine, TargetNetwork } from '../machine/session-machine.ts';
import { agreesWith, refuseUnasked } from './requests.ts';
import { Turns } from '../turns.ts';
import { refuse } from './unchecked.ts';

/** One session serves one target; room for replicas and for one that is started again. */
const AGENTS_MAX = 64;

const NOTHING_ASKED: AskedNames = { domains: [], everything: false };

export interface HostContext {
  readonly machine: SessionMachine;
  /** Runs what no other session's root part may do at the same time. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  readonly agentBundle: string;
  /** The target as `up` was told it; undefined when it was not. */
  readonly told: string | undefined;
  /** `--dns`. */
  readonly dns: DnsModeChoice;
  readonly output: (text: string) => void;
}

export class Host implements HostOperations {
  readonly #context: HostContext;
  readonly #agents = new Map<string, Agent>();
  /** Null: it is not on this machine; undefined until the session has told. */
  #target: TargetNetwork | null | undefined;
  /** Undefined until the session has told it. */
  #asked: AskedNames | undefined;
  readonly #agentTurns = new Turns();
  readonly #networkTurns = new Turns();
  readonly #dnsTurns = new Turns();
  readonly #closing = new AbortController();

  constructor(context: HostContext) {
    this.#context = context;
  }

  facts(): Promise<MachineFacts> {
    return this.#context.machine.facts();
  }

  async asked(names: AskedNames): Promise<void> {
    if (this.#asked !== undefined) refuse('other names than at the start');
    this.#asked = names;
  }

  async target(name: string | null): Promise<NetworkTargetFacts | null> {
    const { told, machine } = this.#context;
    if (this.#target !== undefined || !agreesWith(told, name)) refuse('another target than at the start');
    this.#target = null;
    if (name === null) return null;
    // An agent that is asked for meanwhile is started in it.
    return this.#inTurn(this.#agentTurns, async () => {
      this.#target = await machine.openTarget(name);
      return this.#target.facts;
    });
  }

  startAgent(publicKey: string, socketPath: string): Promise<void> {
    return this.#startAgent('outgoing', publicKey, socketPath);
  }

  startIncomingAgent(publicKey: string, socketPath: string): Promise<void> {
    return this.#startAgent('incoming', publicKey, socketPath);
  }

  async bound(flows: readonly BoundFlow[]): Promise<void> {
    this.#context.machine.routes.bound(flows);
  }

  reserve(ranges: readonly string[]): Promise<boolean> {
    const { machine, alone } = this.#context;
    // Two that start at the same moment must not both find the ranges free.
    return this.#inTurn(this.#networkTurns, () => alone(async () => machine.routes.reserve(ranges)));
  }

  network(state: NetworkState): Promise<readonly string[]> {
    return this.#inTurn(this.#networkTurns, async () => {
      const warnings = await this.#context.machine.routes.apply(state);
      this.#admit();
      return warnings;
    });
  }

  named(state: NamedState): Promise<void> {
    return this.#inTurn(this.#networkTurns, () => this.#context.machine.routes.applyNames(state));
  }

  dns(state: DnsState): Promise<DnsInForce> {
    return this.#inTurn(this.#dnsTurns, async () => {
      refuseUnasked(state, this.#asked ?? NOTHING_ASKED, this.#context.dns);
      return this.#context.machine.names.apply(state);
    });
  }

  route(destination: RouteQuestion): Promise<string | null> {
    return this.#context.machine.routes.deviceFor(destination);
  }

  async programSearch(): Promise<ProgramSearch> {
    return this.#context.machine.names.search();
  }

  strangers(): Promise<number | null> {
    return this.#context.machine.strangers();
  }

  /** After the machine changed: puts back what is missing of the routes, and resolves to the new facts. */
  async changed(): Promise<MachineFacts> {
    const { routes, names } = this.#context.machine;
    const facts = await this.#inTurn(this.#networkTurns, async () => {
      const read = await routes.reapply();
      this.#admit();
      return read;
    });
    const holds = await this.#inTurn(this.#dnsTurns, () => names.holds());
    return holds ? facts : { ...facts, dns: { ...facts.dns, overwritten: true } };
  }

  /**
   * Takes everything back, but for the agents, whose end would look like a fault to a session that has not been told.
   * Resolves to what could not be made as it was; rejects when a change had to stay.
   */
  async close(): Promise<readonly string[]> {
    this.#closing.abort();
    await Promise.all([this.#agentTurns, this.#networkTurns, this.#dnsTurns].map((turns) => turns.idle()));
    return this.#context.machine.takeBack();
  }

  stopAgents(): void {
    for (const agent of this.#agents.values()) agent.stop();
  }

  #startAgent(role: AgentRole, publicKey: string, socketPath: string): Promise<void> {
    return this.#inTurn(this.#agentTurns, async () => {
      const target = this.#target ?? refuse('an agent on this machine for a target that is elsewhere');
      const { agentBundle: bundle, output } = this.#context;
      this.#agents.get(socketPath)?.stop();
      this.#agents.delete(socketPath);
      for (const [path, agent] of this.#agents) if (agent.ended) this.#agents.delete(path);
      if (this.#agents.size >= AGENTS_MAX) {
        throw new MirrordError(
          'agent',
          'too-many-agents',
          `The session already has ${AGENTS_MAX} agents, the maximum.`,
        );
      }
      const agent = await target.startAgent({
        role,
        bundle,
        publicKey,
        socketPath,
        output,
        signal: this.#closing.signal,
      });
      this.#agents.set(socketPath, agent);
    });
  }

  /** What goes beside the routes for those who come in, and those who do not; nothing waits for it but `close`. */
  #admit(): void {
    this.#inTurn(this.#dnsTurns, () => this.#context.machine.admit()).catch(() => {}); // it is too late
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
