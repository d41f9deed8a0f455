/** Chooses how the machine's DNS is taken over, keeps one way in force at a time, and says why it is that one. */
import { MirrordError } from '../../errors.ts';
import type { DnsMode, DnsState } from '../../ipc/protocol.ts';
import type { DnsBackend } from './backend.ts';

/** In order of preference: what leaves least behind first. */
export type DnsBackends = readonly DnsBackend[];

export class DnsManager {
  readonly #backends: DnsBackends;
  #active: DnsBackend | undefined;

  constructor(backends: DnsBackends) {
    this.#backends = backends;
  }

  async apply(state: DnsState): Promise<{ mode: DnsMode; reason: string }> {
    if (state.mode === 'off') {
      await this.undo();
      return { mode: 'off', reason: 'asked for: programs resolve names as before' };
    }
    // What is in force is kept when the state changes: `auto` decides once.
    const candidates = this.#backends.filter(({ mode }) => state.mode === 'auto' || mode === state.mode);
    if (this.#active && candidates.includes(this.#active)) {
      return { mode: this.#active.mode, reason: await this.#active.apply(state) };
    }
    await this.undo();

    const obstacles: string[] = [];
    for (const backend of candidates) {
      const obstacle = await this.#attempt(backend, state);
      if (typeof obstacle === 'object') {
        const why = obstacles.length === 0 ? '' : ` (${obstacles.join('; ')})`;
        return { mode: backend.mode, reason: `${obstacle.told}${why}` };
      }
      obstacles.push(obstacle);
    }
    throw new MirrordError('host', 'dns-impossible', `DNS cannot be taken over: ${obstacles.join('; ')}.`, {
      help: 'Choose another way with --dns, or go on without names with --dns off.',
    });
  }

  async undo(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await active?.undo();
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
