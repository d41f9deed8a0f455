/** One collection of the cluster, reduced to the few strings that discovery needs of each object. */
import { isStatus, explainAnswer } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import { observe, type Collection } from '../server/observe.ts';

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

  /** Reads until the end, or until `enough`.  A refusal is no error: `readable` is false then. */
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

  /** Calls back after every change of the facts, until the signal aborts. */
  async follow(changed: () => void, signal: AbortSignal): Promise<void> {
    for await (const change of observe<T>(this.#api, this.#options.collection, signal)) {
      const before = JSON.stringify([...this.#facts]);
      if (change.kind === 'all') {
        this.#replace(change.objects);
        if (JSON.stringify([...this.#facts]) !== before) changed();
        continue;
      }
      const key = keyOf(change.object);
      const held = JSON.stringify(this.#facts.get(key));
      if (change.kind === 'gone') this.#facts.delete(key);
      else this.#facts.set(key, this.#options.facts(change.object));
      if (JSON.stringify(this.#facts.get(key)) !== held) changed();
    }
  }

  #replace(objects: readonly T[]): void {
    this.#facts = new Map(objects.map((object) => [keyOf(object), this.#options.facts(object)]));
  }
}

function keyOf(object: Named): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
