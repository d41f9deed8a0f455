/** Questions on their way: the same question asked by many is sent once. */
import { withDeadline } from './deadline.ts';

export type Send = (message: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

/** What makes two questions the same: every byte but the id (case and EDNS included), and where they go. */
export function questionKey(message: Uint8Array, destination: string): string {
  return destination + Buffer.from(message.buffer, message.byteOffset + 2, message.length - 2).toString('latin1');
}

export class InFlightQuestions {
  readonly #pending = new Map<string, Promise<Uint8Array>>();

  /** The answer to the question `key`, by a `send` of this or an earlier call; ids differ then.  Rejects after `ms`. */
  run(key: string, ms: number, send: (signal: AbortSignal) => Promise<Uint8Array>): Promise<Uint8Array> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const answer = withDeadline(ms, send).finally(() => {
      this.#pending.delete(key);
    });
    this.#pending.set(key, answer);
    return answer;
  }
}
