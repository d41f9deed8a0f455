/**
 * The agents of a session, each with a key and a tunnel of its own, and replaced on its own.
 *
 * There is one for each place that the session is beside; today that is one place.  What leaves this machine goes by any
 * of them.
 */
import type { AgentInfo } from '../../peer/agent-info.ts';
import type { Tunnel } from '../../peer/tunnel.ts';
import { type AgentEvents, AgentKeeper } from './keeper.ts';
import type { AgentStarter } from './starter.ts';

export class AgentPool {
  readonly #keepers: readonly [AgentKeeper, ...AgentKeeper[]];

  constructor([first, ...more]: readonly [AgentStarter, ...AgentStarter[]], events: AgentEvents) {
    const keep = (starter: AgentStarter): AgentKeeper =>
      new AgentKeeper(starter, { ...events, changed: (_away, retryMs) => events.changed(this.away, retryMs) });
    this.#keepers = [keep(first), ...more.map(keep)];
  }

  /** The one by which new flows leave: one that can be reached, if there is any. */
  get outgoing(): AgentKeeper {
    const keepers = this.#keepers;
    return keepers.find(({ away }) => away === null) ?? keepers.find(({ tunnel }) => tunnel) ?? keepers[0];
  }

  /** The tunnel that takes new flows now, if there is one. */
  get tunnel(): Tunnel | undefined {
    return this.outgoing.tunnel;
  }

  /** Whether it is the tunnel of an agent that has not gone. */
  has(tunnel: Tunnel): boolean {
    return this.#keepers.some((keeper) => keeper.tunnel === tunnel);
  }

  /** Why no byte can pass at the moment, in plain words; null when they can. */
  get away(): string | null {
    return this.outgoing.away;
  }

  get resumes(): number {
    return this.#keepers.reduce((sum, { resumes }) => sum + resumes, 0);
  }

  /** Starts the first agents; their failure is the session's.  Resolves to what the first of them sees. */
  async start(report: (text: string) => void, signal: AbortSignal): Promise<AgentInfo> {
    const [first, ...more] = this.#keepers;
    const starting = more.map((keeper) => keeper.start(report, signal));
    const [info] = await Promise.all([first.start(report, signal), ...starting]);
    return info;
  }

  /** Resolves once bytes can pass; rejects with the signal's reason. */
  whenReachable(signal: AbortSignal): Promise<void> {
    return Promise.race(this.#keepers.map((keeper) => keeper.whenReachable(signal)));
  }

  /** A tunnel, waiting for it at most `deadlineMs`; undefined when there is still none. */
  async whenUp(deadlineMs: number): Promise<Tunnel | undefined> {
    return this.tunnel ?? Promise.race(this.#keepers.map((keeper) => keeper.whenUp(deadlineMs)));
  }

  /** The machine's network is another one now: what was out of reach may be in reach. */
  pathChanged(): void {
    for (const keeper of this.#keepers) keeper.pathChanged();
  }

  async close(): Promise<void> {
    await Promise.all(this.#keepers.map((keeper) => keeper.close()));
  }
}
