/**
 * Chooses how the machine's DNS is taken over, keeps one way in force at a time, and says why it is that one.
 *
 * `auto` keeps what it has chosen while that works as well as any other; whom programs ask may change meanwhile (another
 * VPN's resolv.conf), and then it chooses again.
 */
import { MirrordError } from '../../../errors.ts';
import type { DnsInForce, DnsMode, DnsState } from '../../dns-state.ts';

/** One way to lead the machine's DNS questions to us. */
export interface DnsBackend {
  readonly mode: DnsMode;
  /** Why it cannot work here, in a few words; undefined when it can.  Changes nothing. */
  obstacle(state: DnsState): Promise<string | undefined>;
  /**
   * What programs do not get by it, in a few words; undefined when they get all.  `auto` takes a way without a weakness
   * where there is one.  `search`: what is to be added to the search list.
   */
  weakness(search: readonly string[]): string | undefined;
  /** Whether what `apply` has made is still there. */
  holds(): Promise<boolean>;
  /** Idempotent.  Resolves to what is worth telling about it. */
  apply(state: DnsState): Promise<string>;
  undo(): Promise<void>;
}

/** In order of preference: what leaves least behind first. */
export type DnsBackends = readonly DnsBackend[];

export class DnsManager {
  readonly #backends: DnsBackends;
  #active: DnsBackend | undefined;

  constructor(backends: DnsBackends) {
    this.#backends = backends;
  }

  async apply(state: DnsState): Promise<DnsInForce> {
    if (state.mode === 'off') {
      await this.undo();
      return { mode: 'off', reason: 'as requested: programs resolve names as before', isNotable: false };
    }
    const candidates = this.#backends.filter(({ mode }) => state.mode === 'auto' || mode === state.mode);
    const active = this.#active;
    if (active && candidates.includes(active) && (await this.#stays(active, candidates, state))) {
      return { mode: active.mode, ...told(await active.apply(state), active.weakness(state.search), []) };
    }
    await this.undo();

    const strong = candidates.filter((backend) => backend.weakness(state.search) === undefined);
    const obstacles: string[] = [];
    for (const backend of [...strong, ...candidates.filter((each) => !strong.includes(each))]) {
      const obstacle = await this.#attempt(backend, state);
      if (typeof obstacle === 'object') {
        const passedOver = candidates.slice(0, candidates.indexOf(backend)).map((each) => each.weakness(state.search));
        const why = [...obstacles, ...passedOver.filter((weakness) => weakness !== undefined)];
        return { mode: backend.mode, ...told(obstacle.told, backend.weakness(state.search), why) };
      }
      obstacles.push(obstacle);
    }
    throw new MirrordError('host', 'dns-impossible', `DNS cannot be taken over: ${obstacles.join('; ')}.`, {
      help: 'Choose another mode with --dns, or continue without cluster names with --dns off.',
    });
  }

  /** Whether what was applied is still there, and `auto` would choose it again. */
  async holds(state: DnsState): Promise<boolean> {
    const active = this.#active;
    if (active === undefined) return true;
    return (await active.holds()) && (await this.#stays(active, this.#backends, state));
  }

  async undo(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await active?.undo();
  }

  /** One that is asked for by name stays whatever happens. */
  async #stays(active: DnsBackend, candidates: DnsBackends, state: DnsState): Promise<boolean> {
    if (state.mode !== 'auto') return true;
    if ((await active.obstacle(state)) !== undefined) return false;
    if (active.weakness(state.search) === undefined) return true;
    const stronger = candidates.filter((each) => each !== active && each.weakness(state.search) === undefined);
    const obstacles = await Promise.all(stronger.map((each) => each.obstacle(state)));
    return obstacles.every((obstacle) => obstacle !== undefined);
  }

  async #attempt(backend: DnsBackend, state: DnsState): Promise<string | { readonly told: string }> {
    const obstacle = await backend.obstacle(state);
    if (obstacle !== undefined) return obstacle;
    try {
      // Before it is tried, so that a half-made change is taken back.
      this.#active = backend;
      return { told: await backend.apply(state) };
    } catch (error) {
      await this.undo();
      // Asked for by name: its own error says more than a summary.
      if (state.mode !== 'auto' || !(error instanceof MirrordError)) throw error;
      return error.message;
    }
  }
}

function told(what: string, weakness: string | undefined, passedOver: readonly string[]): Omit<DnsInForce, 'mode'> {
  const note = weakness === undefined ? '' : `; note: ${weakness}`;
  const reason = `${what}${note}${passedOver.length === 0 ? '' : ` (${passedOver.join('; ')})`}`;
  return { reason, isNotable: weakness !== undefined };
}
