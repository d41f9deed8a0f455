/** Signs of life that have been asked for. */
import { ANSWER_LIMIT_MS } from './limits.ts';

const TOKEN_LENGTH = 8;

interface Ping {
  readonly done: (now: number) => void;
  readonly failed: (error: Error) => void;
}

export class MuxPings {
  readonly #waiting = new Map<string, Ping>();
  #nextToken = 0;

  /** Round trip, ms.  `send` gets the ping's payload, which the pong repeats. */
  ping(send: (token: Buffer) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const token = Buffer.alloc(TOKEN_LENGTH);
      token.writeUInt32BE(this.#nextToken++ >>> 0, 0);
      const key = token.toString('hex');
      const start = performance.now();
      const settle = (): void => {
        clearTimeout(deadline);
        this.#waiting.delete(key);
      };
      const failed = (error: Error): void => {
        settle();
        reject(error);
      };
      const deadline = setTimeout(() => failed(new Error('no answer to a ping')), ANSWER_LIMIT_MS);
      this.#waiting.set(key, {
        done: (end) => {
          settle();
          resolve(end - start);
        },
        failed,
      });
      send(token);
    });
  }

  pong(token: Buffer): void {
    this.#waiting.get(token.toString('hex'))?.done(performance.now());
  }

  close(): void {
    for (const { failed } of this.#waiting.values()) failed(new Error('the tunnel is closed'));
  }
}
