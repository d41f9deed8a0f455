/** One collection of the cluster, reduced to the few strings that discovery needs of each object. */
import { setTimeout as delay } from 'node:timers/promises';
import { isStatus, explainAnswer } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import { observe, type Change, type Collection } from '../server/observe.ts';

/** Pause before a collection that could not be listed is tried again. */
const RETRY_MS = 2_000;

export interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What an object contributes: ranges or addresses, and addresses of nodes that it names. */
export interface Facts {
  readonly values: readonly string[];
  readonly nodes: readonly string[];
}

export interface SourceOptions<T> {
  readonly collection: Collection;
  readonly facts: (object: T) => Facts;
}

export class Source<T extends Named> {
  readonly #api: Api;
  readonly #options: SourceOptions<T>;
  #facts = new Map<string, Facts>();
  /** False: may not be read, or is not there in this version. */
  readable = false;

  constructor(api: Api, options: SourceOptions<T>) {
    this.#api = api;
    this.#options = options;
  }

  values(): string[] {
    return [...this.#facts.values()].flatMap((facts) => facts.values);
  }

  nodes(): string[] {
    return [...this.#facts.values()].flatMap((facts) => facts.nodes);
  }

  /** Reads until the end, or until `enough`.  A refusal is not an error: `readable` is false then. */
  async read(signal: AbortSignal, enough: (read: readonly Facts[]) => boolean = () => false): Promise<boolean> {
    const { collection, facts } = this.#options;
    try {
      const more = (objects: readonly T[]): boolean => !enough(objects.map(facts));
      const { items } = await this.#api.list<T>({ ...collection, signal }, more);
      this.#replace(items);
      this.readable = true;
    } catch (error) {
      if (!isStatus(error, 403, 404)) throw explainAnswer(error, `reading ${collection.path}`);
      this.readable = false;
    }
    return this.readable;
  }

  /**
   * Calls back after every change of the facts, until the signal aborts.  A server that is away is waited for; a right
   * that was taken away ends it, and what is known stays in force.
   */
  async follow(changed: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const change of observe<T>(this.#api, this.#options.collection, signal)) {
          if (this.#apply(change)) changed();
        }
      } catch (error) {
        if (signal.aborted || isStatus(error, 403, 404)) return;
        await delay(RETRY_MS, undefined, { signal }).catch(() => {
          // Aborted: the loop ends.
        });
      }
    }
  }

  /** Whether anything of interest is another than before. */
  #apply(change: Change<T>): boolean {
    if (change.kind === 'all') {
      const before = JSON.stringify([...this.#facts]);
      this.#replace(change.objects);
      return JSON.stringify([...this.#facts]) !== before;
    }
    const key = keyOf(change.object);
    const before = JSON.stringify(this.#facts.get(key));
    if (change.kind === 'gone') this.#facts.delete(key);
    else this.#facts.set(key, this.#options.facts(change.object));
    return JSON.stringify(this.#facts.get(key)) !== before;
  }

  #replace(objects: readonly T[]): void {
    this.#facts = new Map(objects.map((object) => [keyOf(object), this.#options.facts(object)]));
  }
}

function keyOf(object: Named): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
