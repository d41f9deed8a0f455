/** The way to the agent, once the session is up: since when no byte passes and why, and what that does to open connections. */
import type { SessionStatus } from '../control/answers.ts';
import type { PathChange } from '../ipc/protocol.ts';
import { asClause } from '../sentence.ts';

export interface PathOptions {
  /** How long open connections outlive the way, ms. */
  readonly keptMs: number;
  /** The agent that there is now, as people call it. */
  readonly agent: () => string;
  readonly tell: (change: PathChange) => void;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** The time of day, ms since 1970. */
  readonly date: () => number;
}

interface Away {
  readonly start: number;
  /** As `start`, by the time of day. */
  readonly since: number;
  readonly reason: string;
  /** Null: being tried. */
  readonly nextTry: number | null;
}

export class AgentPath {
  readonly #options: PathOptions;
  #away: Away | null = null;
  #isReset = false;
  #passing = new AbortController();

  constructor(options: PathOptions) {
    this.#options = options;
  }

  get away(): SessionStatus['reconnecting'] {
    if (this.#away === null) return null;
    const { since, reason, nextTry } = this.#away;
    return { reason, since: iso(since), next_try: nextTry === null ? null : iso(nextTry) };
  }

  /** Aborts with the reason, in plain words, when no byte passes any more. */
  get passing(): AbortSignal {
    return this.#passing.signal;
  }

  /** No byte passes; told again with each attempt that fails, and with the pause before the next one. */
  lost(reason: string, retryMs: number | null): void {
    const { date, tell, keptMs } = this.#options;
    const isNews = this.#away === null;
    this.#away = {
      ...this.#beginning,
      reason: asClause(reason),
      nextTry: retryMs === null ? null : date() + retryMs,
    };
    this.#passing.abort(this.#away.reason);
    if (isNews) tell({ state: 'lost', reason: this.#away.reason, keptMs });
  }

  /** The agent is gone, and with it what was open. */
  gone(reason: string): void {
    const { tell } = this.#options;
    this.#away = { ...this.#beginning, reason: asClause(reason), nextTry: null };
    this.#isReset = true;
    this.#passing.abort(this.#away.reason);
    tell({ state: 'lost', reason: this.#away.reason, keptMs: null });
  }

  back(): void {
    if (this.#away === null) return;
    const { now, tell, agent } = this.#options;
    const afterMs = Math.round(now() - this.#away.start);
    const connections = this.#isReset ? 'reset' : 'kept';
    this.#away = null;
    this.#isReset = false;
    this.#passing = new AbortController();
    tell({ state: 'back', afterMs, connections, agent: agent() });
  }

  /** Of the loss that lasts, or that begins now. */
  get #beginning(): Pick<Away, 'start' | 'since'> {
    const { now, date } = this.#options;
    return this.#away ?? { start: now(), since: date() };
  }
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
