/** What waits for the picked side on one connection of a client, bytes. */
import { UPLOADS_LIMIT } from './limits.ts';

export class Uploads {
  #held = 0;

  /** Whether the client may have its credit for them at once. */
  take(bytes: number): boolean {
    const isLittle = this.#held < UPLOADS_LIMIT;
    this.#held += bytes;
    return isLittle;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}
