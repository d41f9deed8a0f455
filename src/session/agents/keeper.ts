/**
 * The agent and the tunnel to it, for as long as the session lives.
 *
 * A tunnel that lost its transport resumes by itself.  A tunnel that is dead (the agent is gone, or was away for too
 * long) takes its flows with it; a new agent is started then, again and again with growing pauses, while TUN, routes
 * and DNS stay.  New flows wait for it up to their own dial time-out.
 */
import { MirrordError } from '../../errors.ts';
import { createTunnel } from '../../peer/client.ts';
import { createTunnelKey } from '../../connection/key.ts';
import { lateSignal } from '../../peer/late-signal.ts';
import { Pauses } from '../../connection/redial.ts';
import type { AgentInfo } from '../../peer/agent-info.ts';
import type { IncomingStream } from '../../peer/incoming.ts';
import type { Tunnel } from '../../peer/tunnel.ts';
import type { AgentStarter, StartedAgent } from './starter.ts';
import { defined } from '../../defined.ts';

/** Pauses between attempts to start a new agent grow to this and stay there: a laptop may be away for a weekend. */
const MAX_RETRY_PAUSE_MS = 15_000;
const FIRST_RETRY_PAUSE_MS = 500;

export interface AgentEvents {
  /**
   * `away` has changed; told at every stage of a session.  `retryMs`: the pause before the next attempt; null while there is
   * one under way.
   */
  changed(reason: string | null, retryMs: number | null): void;
  /** The agent has gone, and its flows with it; another one is being started. */
  gone(reason: string): void;
  /** A new agent has taken over: what it sees (`info`) may differ. */
  restarted(): void;
  /** A connection to a port of the target that was subscribed to. */
  readonly deliver?: (flow: IncomingStream) => void;
}

export class AgentKeeper {
  readonly #starter: AgentStarter;
  readonly #events: AgentEvents;
  readonly #pauses: Pauses;
  readonly #closing = new AbortController();
  readonly #key = createTunnelKey();
  #agent: StartedAgent | undefined;
  #tunnel: Tunnel | undefined;
  #info: AgentInfo | undefined;
  #away: string | null = 'the agent has not been started';
  /** Called once `away` is null. */
  #reachableWaiters: (() => void)[] = [];
  #watching: AbortController | undefined;
  #waiters: ((tunnel: Tunnel) => void)[] = [];
  #pastResumes = 0;
  /** Settles, never rejecting, when the agent that was started last stands, or nothing of it does. */
  #opening: Promise<unknown> | undefined;

  constructor(starter: AgentStarter, events: AgentEvents, pauses = new Pauses()) {
    this.#starter = starter;
    this.#events = events;
    this.#pauses = pauses;
  }

  get agent(): StartedAgent | undefined {
    return this.#agent;
  }

  /** What the present agent, or the last one, sees around itself; undefined before the first. */
  get info(): AgentInfo | undefined {
    return this.#info;
  }

  /** Why no byte can pass at the moment, in plain words; null when they can. */
  get away(): string | null {
    return this.#away;
  }

  /** The tunnel that takes new flows now, if there is one. */
  get tunnel(): Tunnel | undefined {
    return this.#tunnel;
  }

  get resumes(): number {
    return this.#pastResumes + (this.#tunnel?.resumes ?? 0);
  }

  /** Resolves once bytes can pass; rejects with the signal's reason. */
  whenReachable(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#away === null) return resolve();
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#reachableWaiters.push(resolve);
    });
  }

  /** Starts the first agent; its failure is the session's. */
  async start(report: (text: string) => void, signal: AbortSignal): Promise<AgentInfo> {
    return this.#open(report, AbortSignal.any([signal, this.#closing.signal]));
  }

  /** The tunnel, waiting for it at most `deadlineMs`; undefined when there is still none. */
  async whenUp(deadlineMs: number): Promise<Tunnel | undefined> {
    if (this.#tunnel) return this.#tunnel;
    return new Promise((resolve) => {
      const up = (tunnel: Tunnel): void => {
        clearTimeout(timer);
        resolve(tunnel);
      };
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((waiter) => waiter !== up);
        resolve(undefined);
      }, deadlineMs);
      this.#waiters.push(up);
    });
  }

  /** The machine's network is another one now: what was out of reach may be in reach. */
  pathChanged(): void {
    this.#tunnel?.pathChanged();
    this.#pauses.cut();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const tunnel = this.#tunnel;
    this.#tunnel = undefined;
    // In the middle of its start it is taken back by the start itself.
    const [hasHeard = false] = await Promise.all([tunnel?.goodbye(), this.#opening]);
    await this.#agent?.stop(hasHeard);
  }

  #open(report: (text: string) => void, signal: AbortSignal): Promise<AgentInfo> {
    const opening = this.#openOne(report, signal);
    this.#opening = opening.catch(() => undefined); // reported to the caller
    return opening;
  }

  async #openOne(report: (text: string) => void, signal: AbortSignal): Promise<AgentInfo> {
    const { resumeLimitMs } = this.#starter;
    const { deliver } = this.#events;
    const agent = await this.#starter.start(this.#key.publicKey, report, signal);
    let goodbye = (): Promise<boolean> => Promise.resolve(false);
    try {
      const tunnel = await createTunnel(
        agent.dial,
        this.#key,
        // One that is not wanted any more has to be told so.
        { signal: lateSignal(signal), ...defined({ resumeLimitMs, deliver }) },
        {
          lost: (reason, retryMs) => this.#tell(reason, retryMs),
          // Before it says what it sees, it is of no use yet.
          resumed: () => (this.#tunnel === tunnel ? this.#tell(null) : undefined),
          dead: (reason) => this.#died(tunnel, reason),
        },
      );
      goodbye = () => tunnel.goodbye();
      const info = await infoOf(tunnel, signal);
      this.#agent = agent;
      this.#tunnel = tunnel;
      this.#info = info;
      this.#tell(null);
      this.#watch(agent, tunnel);
      for (const waiter of this.#waiters.splice(0)) waiter(tunnel);
      return info;
    } catch (error) {
      await agent.stop(await goodbye());
      throw error;
    }
  }

  /** An agent that goes is not waited for: what is left of its flows is reset, and its successor is started. */
  #watch(agent: StartedAgent, tunnel: Tunnel): void {
    const watching = new AbortController();
    this.#watching = watching;
    agent.leaving?.(AbortSignal.any([watching.signal, this.#closing.signal])).then(
      (reason) => {
        this.#died(tunnel, reason);
        tunnel.close();
      },
      () => undefined, // over, or pods may not be read: then only the tunnel tells
    );
  }

  #tell(away: string | null, retryMs: number | null = null): void {
    this.#away = away;
    if (away === null) for (const resolve of this.#reachableWaiters.splice(0)) resolve();
    this.#events.changed(away, retryMs);
  }

  #died(tunnel: Tunnel, reason: string): void {
    if (this.#closing.signal.aborted || this.#tunnel !== tunnel) return;
    this.#watching?.abort();
    this.#pastResumes += tunnel.resumes;
    this.#tunnel = undefined;
    this.#events.gone(reason);
    this.#tell(reason);
    void this.#restart();
  }

  async #restart(): Promise<void> {
    const { signal } = this.#closing;
    const old = this.#agent;
    this.#agent = undefined;
    // The cluster may be out of reach, which must not keep the new agent from starting elsewhere: no waiting here.
    void old?.stop(true);
    let pauseMs = FIRST_RETRY_PAUSE_MS;
    while (!signal.aborted) {
      try {
        await this.#open((text) => this.#tell(text), signal);
        // One that has gone again by now has a successor of its own to tell of.
        if (this.#tunnel !== undefined) this.#events.restarted();
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#tell(error instanceof MirrordError ? error.message : String(error), pauseMs);
      }
      await this.#pauses.wait(pauseMs, signal).catch(() => undefined); // an abort ends the loop by its condition
      pauseMs = Math.min(pauseMs * 2, MAX_RETRY_PAUSE_MS);
    }
  }
}

/** Throws when its agent does not answer, or is not wanted any more. */
async function infoOf(tunnel: Tunnel, signal: AbortSignal): Promise<AgentInfo> {
  signal.throwIfAborted();
  const close = (): void => tunnel.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const info = await tunnel.info();
    signal.throwIfAborted();
    return info;
  } finally {
    signal.removeEventListener('abort', close);
  }
}
