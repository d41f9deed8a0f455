/** What the session has in the cluster, as the host knows it for the case that it cannot be removed. */
import type { Remain } from '../ipc/protocol.ts';
import type { Remains } from '../kube/cluster.ts';

export class SessionRemains implements Remains {
  readonly #withinMs: number;
  readonly #tell: (remains: readonly Remain[]) => void;
  readonly #all = new Map<string, Remain>();

  /** `withinMs`: after the session's end each of them ends by itself in this time. */
  constructor(withinMs: number, tell: (remains: readonly Remain[]) => void) {
    this.#withinMs = withinMs;
    this.#tell = tell;
  }

  add(what: string, why: string | null = null): void {
    this.#all.set(what, { what, why, withinMs: this.#withinMs });
    this.#tell([...this.#all.values()]);
  }

  remove(what: string): void {
    if (this.#all.delete(what)) this.#tell([...this.#all.values()]);
  }
}
