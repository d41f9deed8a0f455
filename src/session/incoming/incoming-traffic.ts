/**
 * The target's incoming traffic for the programs of this machine: an agent of its own, told again and again which ports
 * somebody listens on here, and a dial to the program for each connection that comes.
 *
 * A port without a listener here stays with the original; so does everything while the agent is away.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingPort } from '../../control/answers.ts';
import { MirrordError } from '../../errors.ts';
import type { IncomingCount, IncomingProblem, IncomingStream, WantedPort } from '../../peer/incoming.ts';
import { dialTcp } from '../../relay/dial-tcp.ts';
import { AgentKeeper } from '../agents/keeper.ts';
import type { AgentStarter } from '../agents/starter.ts';
import { Coalescer } from '../coalescer.ts';
import { type Listener, type ListenerSource, type Listeners, watchListeners } from './listeners.ts';
import type { IncomingPlan } from './plan.ts';
import { type Program, programOf } from './program.ts';

/** `status` waits no longer than this for the agent's counts, ms. */
const STATUS_LIMIT_MS = 1_000;

/** The agent of a session that was killed gives the target up in 5 s. */
const TAKEN_PATIENCE_MS = 7_000;
const TAKEN_RETRY_MS = 500;
const TAKEN = 'incoming-taken';

/** A wish that could not be granted is made again after this, ms. */
const RETRY_MS = 2_000;

export interface IncomingOptions {
  readonly agents: AgentStarter;
  readonly listeners: ListenerSource;
  /** As people name it. */
  readonly target: string;
  readonly report: (state: 'running' | 'done' | 'warning', text: string) => void;
}

export class IncomingTraffic {
  readonly #options: IncomingOptions;
  readonly #keeper: AgentKeeper;
  readonly #closing = new AbortController();
  readonly #subscription = new Coalescer<readonly WantedPort[], void>((ports) => this.#subscribe(ports));
  #counts: readonly IncomingCount[] = [];
  /** Likewise; null where it is another user's. */
  readonly #programs = new Map<number, Program | null>();
  #plan: IncomingPlan = { ports: [], ignoresLocalhost: false };
  /** By port of this machine; of the plan's alone. */
  #listeners: Listeners = new Map();
  #hasStarted = false;
  #closed: Promise<void> | undefined;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#keeper = new AgentKeeper(options.agents, {
      // What is lost is told by the agent for outgoing traffic; the target may be another's after a long time.
      changed: (away) => (away === null && this.#hasStarted ? this.#renew() : undefined),
      gone: (reason) => this.#options.report('warning', `${reason}: until then it stays with ${options.target}`),
      restarted: () => this.#options.report('done', 'the agent is ready again'),
      deliver: (flow) => this.#deliver(flow),
    });
  }

  /** Starts the agent; the target is left alone. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#keeper.start((text) => this.#options.report('running', text), signal);
  }

  /** Resolves when the ports are taken that somebody listens on. */
  async take(plan: IncomingPlan): Promise<void> {
    const { report, listeners, target } = this.#options;
    this.#plan = plan;
    watchListeners(listeners, (found) => this.#follow(found), this.#closing.signal);
    await this.#granted();
    for (const { remote, local, filter } of plan.ports) {
      const what = `port ${remote} of ${target}`;
      if (filter === null) report('done', `${what} comes to localhost:${local}`);
      else report('done', `${what}: requests ${filter} come to localhost:${local}, all others stay there`);
      if (!this.#listeners.has(local)) report('done', `nothing listens on localhost:${local} yet, so it stays there`);
    }
    this.#hasStarted = true;
  }

  /** For `status`; of an agent that is away the last counts known. */
  async ports(): Promise<readonly IncomingPort[]> {
    const asked = this.#subscription.set(this.#wished).catch(() => undefined); // away: the state says so
    await Promise.race([asked, delay(STATUS_LIMIT_MS, undefined, { ref: false })]);
    return this.#plan.ports.map((pair) => {
      const { taken = 0, passed = 0 } = this.#counts.find(({ port }) => port === pair.remote) ?? {};
      const listens = this.#listeners.has(pair.local);
      return {
        remote: pair.remote,
        local: pair.local,
        filter: pair.filter,
        taken,
        passed,
        listens,
        program: this.#programs.get(pair.local) ?? null,
      };
    });
  }

  pathChanged(): void {
    this.#keeper.pathChanged();
  }

  /** Gives the target back; bounded, never throws. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #close(): Promise<void> {
    this.#closing.abort();
    this.#options.listeners.close();
    return this.#keeper.close();
  }

  get #wished(): readonly WantedPort[] {
    return this.#plan.ports.filter(({ local }) => this.#listeners.has(local)).map(({ wanted }) => wanted);
  }

  #follow(all: Listeners): void {
    const { ports, ignoresLocalhost } = this.#plan;
    const before = this.#listeners;
    const found = ports.flatMap(({ local }): [number, Listener][] => {
      const listener = all.get(local);
      return listener === undefined || (ignoresLocalhost && listener.isLoopback) ? [] : [[local, listener]];
    });
    this.#listeners = new Map(found);
    for (const [local, { inode }] of found) if (before.get(local)?.inode !== inode) void this.#name(local, inode);
    const removed = ports.filter(({ local }) => before.has(local) && !this.#listeners.has(local));
    for (const { local, remote } of removed) {
      this.#programs.delete(local);
      this.#tell(`nothing listens on localhost:${local} any more: port ${remote} stays with ${this.#options.target}`);
    }
    if (removed.length > 0 || found.some(([local]) => !before.has(local))) this.#renew();
  }

  async #name(local: number, inode: number): Promise<void> {
    const program = await programOf(inode);
    if (this.#listeners.get(local)?.inode !== inode) return;
    this.#programs.set(local, program);
    const who = program === null ? 'a program of another user' : `${program.name}, pid ${program.pid}`;
    this.#tell(`a program listens on localhost:${local} (${who}): on`);
  }

  /** What changes once it has been said how it stands. */
  #tell(text: string): void {
    if (this.#hasStarted && !this.#closing.signal.aborted) this.#options.report('done', text);
  }

  /**
   * Perhaps nothing listens yet, and the request must be one that can be granted.  An agent that has lost its client keeps the
   * target for some seconds: that may be the session before this one.
   */
  async #granted(): Promise<void> {
    for (const end = performance.now() + TAKEN_PATIENCE_MS; ; await delay(TAKEN_RETRY_MS)) {
      try {
        return await this.#subscription.set(this.#wished);
      } catch (error) {
        const isTaken = error instanceof MirrordError && error.code === TAKEN;
        if (!isTaken || performance.now() > end || this.#closing.signal.aborted) throw error;
      }
    }
  }

  /** What cannot be granted now is tried again: the session that has the target may leave it. */
  #renew(): void {
    this.#subscription.set(this.#wished).catch((error: unknown) => {
      if (!this.#hasStarted || this.#closing.signal.aborted || this.#keeper.tunnel === undefined) return;
      this.#options.report('warning', error instanceof Error ? error.message : String(error));
      setTimeout(() => this.#renew(), RETRY_MS).unref();
    });
  }

  async #subscribe(ports: readonly WantedPort[]): Promise<void> {
    const { tunnel } = this.#keeper;
    if (tunnel === undefined) throw new Error('the agent is away'); // its successor is told when it is there
    const state = await tunnel.subscribe({ ports });
    if ('problem' in state) throw refused(state.problem, state.text);
    this.#counts = state.counts;
  }

  #deliver(flow: IncomingStream): void {
    const pair = this.#plan.ports.find(({ remote }) => remote === flow.port);
    const listener = pair === undefined ? undefined : this.#listeners.get(pair.local);
    if (pair === undefined || listener === undefined) return flow.refuse('ECONNREFUSED');
    dialTcp(Object.assign(flow, { host: listener.host, port: pair.local }), () => {});
  }
}

function refused(problem: IncomingProblem, reason: string): MirrordError {
  const text = `Incoming traffic cannot be taken: ${reason}.`;
  switch (problem) {
    case 'taken':
      return new MirrordError('agent', 'incoming-taken', text, {
        help: 'Only one session at a time can take it: end the other session, or choose another target.',
      });
    case 'forbidden':
      return new MirrordError('agent', 'incoming-forbidden', text, {
        help: 'A policy of the cluster or the container runtime removes the capability NET_ADMIN from its container.',
      });
    case 'unsupported':
      return new MirrordError('agent', 'incoming-unsupported', text, {
        help: 'The kernel needs nf_tables with owned tables (Linux 5.12), nat and fib.',
      });
  }
}
