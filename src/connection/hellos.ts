/**
 * Transports in their hello, of which there may be many at once: any process that reaches the agent's port can open one
 * and say nothing.
 *
 * When there are too many, each source is left its share, so that a flood makes room itself and keeps no other out.
 * Which of a source's transports go is left to chance: a flood that cannot be told from the client (the same user) mostly
 * pushes out its own, and the client dials again.
 */
import { randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { HELLO_LIMIT } from './limits.ts';

/** A name for where each transport comes from; asked only when there are too many. */
export type SourcesOf = (transports: readonly Duplex[]) => readonly string[];

export class Hellos {
  readonly #sourcesOf: SourcesOf;
  /** How to drop each. */
  readonly #drops = new Map<Duplex, () => void>();

  constructor(sourcesOf: SourcesOf) {
    this.#sourcesOf = sourcesOf;
  }

  add(transport: Duplex, drop: () => void): void {
    this.#drops.set(transport, drop);
  }

  over(transport: Duplex): void {
    this.#drops.delete(transport);
  }

  /** Before one more is added. */
  makeRoom(): void {
    if (this.#drops.size < HELLO_LIMIT) return;
    const all = shuffled([...this.#drops.keys()]);
    const bySource = new Map<string, Duplex[]>();
    for (const [i, source] of this.#sourcesOf(all).entries()) {
      const group = bySource.get(source) ?? [];
      group.push(all[i]);
      bySource.set(source, group);
    }
    const share = Math.max(1, Math.floor(HELLO_LIMIT / (bySource.size + 1)));
    const surplus = [...bySource.values()].flatMap((group) => group.slice(share));
    // As many sources as places: any one goes.
    for (const transport of surplus.length > 0 ? surplus : all.slice(0, 1)) this.#drops.get(transport)?.();
  }
}

/** Fisher and Yates; in place. */
function shuffled<T>(items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}
