/**
 * The session's side of the IPC channel: questions to the host as promises, progress and outcome as plain messages.
 */
import type {
  HostOperations,
  HostToSession,
  PathChange,
  Progress,
  Ready,
  Remain,
  SessionToHost,
  StartMessage,
} from '../ipc/protocol.ts';
import type { MachineFacts } from '../machine/facts.ts';
import { type ErrorDescription, MirrordError } from '../errors.ts';

/** Longer than any single host operation may take (starting an agent in a namespace is the longest). */
const HOST_REPLY_MS = 30_000;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export interface HostEvents {
  /** Every flow is to be reset, and new ones refused; what was reset has been told when this returns. */
  release(): void;
  /** The host wants an orderly end. */
  stop(): void;
  /** The machine's own network changed. */
  changed(facts: MachineFacts): void;
}

/** The part of `process` that is used, so that a test can stand in for it. */
export interface HostChannel {
  send?(message: unknown, handle: undefined, options: undefined, sent: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

export class HostClient implements HostOperations {
  readonly #channel: HostChannel;
  readonly #waiting = new Map<number, Waiting>();
  #remaining: readonly Remain[] = [];
  #nextId = 1;
  #events: HostEvents | undefined;
  /** Resolves with the first message of the host. */
  readonly started: Promise<StartMessage>;

  constructor(channel: HostChannel) {
    this.#channel = channel;
    this.started = new Promise((resolve) => {
      channel.on('message', (message) => this.#receive(message as HostToSession, resolve));
    });
    channel.on('disconnect', () => {
      for (const id of this.#waiting.keys()) this.#unanswered(id, 'has ended');
    });
  }

  listen(events: HostEvents): void {
    this.#events = events;
  }

  facts: HostOperations['facts'] = () => this.#ask('facts');
  asked: HostOperations['asked'] = (...args) => this.#ask('asked', ...args);
  target: HostOperations['target'] = (...args) => this.#ask('target', ...args);
  startAgent: HostOperations['startAgent'] = (...args) => this.#ask('startAgent', ...args);
  startIncomingAgent: HostOperations['startIncomingAgent'] = (...args) => this.#ask('startIncomingAgent', ...args);
  reserve: HostOperations['reserve'] = (...args) => this.#ask('reserve', ...args);
  network: HostOperations['network'] = (...args) => this.#ask('network', ...args);
  named: HostOperations['named'] = (...args) => this.#ask('named', ...args);
  programSearch: HostOperations['programSearch'] = () => this.#ask('programSearch');
  strangers: HostOperations['strangers'] = () => this.#ask('strangers');
  bound: HostOperations['bound'] = (...args) => this.#ask('bound', ...args);
  route: HostOperations['route'] = (...args) => this.#ask('route', ...args);
  dns: HostOperations['dns'] = (...args) => this.#ask('dns', ...args);

  /** What the host has been told last that the cluster has of the session. */
  get remaining(): readonly Remain[] {
    return this.#remaining;
  }

  progress(step: Progress['step'], state: Progress['state'], text: string): void {
    this.#send({ type: 'progress', progress: { step, state, text } });
  }

  ready(ready: Ready): void {
    this.#send({ type: 'ready', ready });
  }

  path(change: PathChange): void {
    this.#send({ type: 'path', change });
  }

  failed(error: ErrorDescription): void {
    this.#send({ type: 'failed', error });
  }

  remains(remains: readonly Remain[]): void {
    this.#remaining = remains;
    this.#send({ type: 'remains', remains });
  }

  /** Somebody else than the host has told the session to end. */
  interrupted(): void {
    this.#send({ type: 'interrupted' });
  }

  down(): void {
    this.#send({ type: 'down' });
  }

  async #ask<Op extends keyof HostOperations>(
    op: Op,
    ...args: Parameters<HostOperations[Op]>
  ): Promise<Awaited<ReturnType<HostOperations[Op]>>> {
    const value = await new Promise<unknown>((resolve, reject) => {
      const id = this.#nextId++;
      const timer = setTimeout(() => this.#unanswered(id, `did not answer "${op}" in time`), HOST_REPLY_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#send({ type: 'request', id, op, args }, () => this.#unanswered(id, 'has ended'));
    });
    return value as Awaited<ReturnType<HostOperations[Op]>>;
  }

  /** A host that is gone must not end us before the cluster is in order: `disconnect` tells of it. */
  #send(message: SessionToHost, failed: () => void = () => {}): void {
    this.#channel.send?.(message, undefined, undefined, (error) => {
      if (error !== null) failed();
    });
  }

  #unanswered(id: number, why: string): void {
    this.#take(id)?.reject(new MirrordError('host', 'host-silent', `The root process ${why}.`));
  }

  #receive(message: HostToSession, started: (message: StartMessage) => void): void {
    switch (message.type) {
      case 'start':
        started(message);
        return;
      case 'reply':
        this.#take(message.id)?.resolve(message.value);
        return;
      case 'refusal':
        this.#take(message.id)?.reject(MirrordError.fromDescription(message.error));
        return;
      case 'changed':
        this.#events?.changed(message.facts);
        return;
      case 'release':
        this.#events?.release();
        this.#send({ type: 'released' });
        return;
      case 'stop':
        this.#events?.stop();
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) {
      this.#waiting.delete(id);
      clearTimeout(waiting.timer);
    }
    return waiting;
  }
}
