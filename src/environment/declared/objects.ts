/** ConfigMaps, Secrets and the node, each read once, and what became of it. */
import type { Variables } from '../variables.ts';
import type { DeclaringContainer, EnvironmentReaders, ObjectReference, Texts } from './pod.ts';

/** `missing` says in plain words what could not be read; `absent`: because there is none. */
export interface Missing {
  readonly missing: string;
  readonly absent: boolean;
}

export interface ReadObject {
  readonly title: string;
  readonly data: Variables;
}

export type ObjectKind = 'configMap' | 'secret';

const TITLES = { configMap: 'ConfigMap', secret: 'Secret' } as const;

export class ObjectStore {
  readonly #readers: EnvironmentReaders;
  readonly #reads = new Map<string, Promise<ReadObject | Missing>>();
  #node: Promise<{ readonly data: Texts } | Missing> | undefined;

  constructor(readers: EnvironmentReaders) {
    this.#readers = readers;
  }

  /** Asks for all that the container refers to at once, so that ten Secrets cost one round trip. */
  prefetch({ env = [], envFrom = [] }: DeclaringContainer): void {
    const ask = (kind: ObjectKind, reference: ObjectReference | undefined): void => {
      if (reference !== undefined) void this.data(kind, reference.name ?? '');
    };
    for (const { configMapRef, secretRef } of envFrom) {
      ask('configMap', configMapRef);
      ask('secret', secretRef);
    }
    for (const { valueFrom } of env) {
      ask('configMap', valueFrom?.configMapKeyRef);
      ask('secret', valueFrom?.secretKeyRef);
    }
  }

  data(kind: ObjectKind, name: string): Promise<ReadObject | Missing> {
    const key = `${kind}/${name}`;
    const known = this.#reads.get(key);
    if (known !== undefined) return known;
    const read = this.#read(kind, name);
    this.#reads.set(key, read);
    return read;
  }

  nodeAllocatable(): Promise<{ readonly data: Texts } | Missing> {
    this.#node ??= this.#readNode();
    return this.#node;
  }

  async #read(kind: ObjectKind, name: string): Promise<ReadObject | Missing> {
    const title = `${TITLES[kind]} ${name}`;
    try {
      const object = await this.#readers[kind](name);
      if (object === null) return { missing: `there is no ${title}`, absent: true };
      const decode = (value: string): string =>
        kind === 'secret' ? Buffer.from(value, 'base64').toString('utf8') : value;
      return { title, data: new Map(Object.entries(object.data ?? {}).map(([key, value]) => [key, decode(value)])) };
    } catch (error) {
      return unreadable(title, error);
    }
  }

  async #readNode(): Promise<{ readonly data: Texts } | Missing> {
    try {
      const data = await this.#readers.nodeAllocatable();
      return data === null ? { missing: 'there is no such node', absent: true } : { data };
    } catch (error) {
      return unreadable('the node', error);
    }
  }
}

function unreadable(title: string, error: unknown): Missing {
  return {
    missing: `${title} could not be read: ${error instanceof Error ? error.message : String(error)}`,
    absent: false,
  };
}
