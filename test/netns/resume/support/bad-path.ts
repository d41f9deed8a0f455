/**
 * A bad path between session and agent: takes the place of the agent's socket and does to each connection what networks
 * do, by chance but the same for the same seed.
 */
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { USER_ID } from './session-parts.ts';

/** Bytes that one connection carries until it is cut, at most. */
const LIFE_BYTES = 1_500_000;
/** How long a chunk may be held back, ms; one in STALL_ODDS is held for longer, and with it what follows. */
const DELAY_MS = 5;
const STALL_MS = 150;
const STALL_ODDS = 50;
/** What an end that has not been told of a cut may still get, ms later. */
const LATE_MS = 200;

/** A linear congruential generator (Numerical Recipes' constants). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export class BadPath {
  cuts = 0;
  connections = 0;
  /** Connections are accepted and nothing more: a black hole. */
  isHole = false;
  /** Carries all as it is. */
  isGood = false;
  readonly #next: () => number;
  readonly #server: Server;
  readonly #far: string;
  readonly #open = new Set<Socket>();
  #held: (() => void)[] = [];

  /** `path`: the agent's socket. */
  static async put(path: string, seed: number): Promise<BadPath> {
    const bad = new BadPath(path, seed);
    renameSync(path, bad.#far);
    // The kernel remembers who has called listen(), and the session believes its own user alone, who has no way through
    // the /proc of another process.
    const before = process.cwd();
    process.chdir(dirname(path));
    process.seteuid?.(USER_ID);
    bad.#server.listen(basename(path));
    process.seteuid?.(0);
    process.chdir(before);
    await once(bad.#server, 'listening');
    return bad;
  }

  private constructor(path: string, seed: number) {
    this.#far = path.replace(/sock$/, 'real');
    this.#next = random(seed);
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#carry(near));
  }

  /** Lets go on what came into the hole. */
  fill(): void {
    this.isHole = false;
    for (const go of this.#held.splice(0)) go();
  }

  cutAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.cutAll();
  }

  #carry(near: Socket): void {
    this.connections++;
    this.#keep(near);
    if (this.isHole) return void this.#held.push(() => this.#join(near));
    // A later connection may overtake this one.
    setTimeout(() => this.#join(near), this.isGood ? 0 : this.#next() * DELAY_MS * 4);
  }

  #join(near: Socket): void {
    if (near.destroyed) return;
    const far = connect(this.#far);
    this.#keep(far);
    let left = this.isGood ? Number.POSITIVE_INFINITY : this.#next() * LIFE_BYTES;
    const spend = (bytes: number): void => {
      const lived = left > 0;
      left -= bytes;
      if (lived && left <= 0) this.#cut(near, far);
    };
    this.#pass(near, far, spend);
    this.#pass(far, near, spend);
  }

  /** In order, each chunk a little late. */
  #pass(from: Socket, to: Socket, spend: (bytes: number) => void): void {
    let last = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      const odds = this.isGood ? 0 : this.#next();
      const wait = odds < 1 / STALL_ODDS && odds > 0 ? STALL_MS : odds * DELAY_MS;
      from.pause();
      last = last
        .then(() => (wait > 1 ? new Promise<void>((resolve) => setTimeout(resolve, wait)) : undefined))
        .then(() => {
          if (!to.destroyed) to.write(chunk);
          from.resume();
          spend(chunk.length);
        });
    });
    from.on(
      'close',
      () => void last.then(() => setTimeout(() => to.destroy(), this.isGood ? 0 : this.#next() * LATE_MS)),
    );
  }

  /** Both ends at once, or one first: the other believes in its connection for a while, and gets what is late. */
  #cut(near: Socket, far: Socket): void {
    this.cuts++;
    const kind = this.#next();
    if (kind < 0.6) near.destroy();
    if (kind > 0.4) far.destroy();
  }

  #keep(socket: Socket): void {
    this.#open.add(socket);
    socket.on('error', () => undefined); // that it is over is told by 'close'
    socket.on('close', () => this.#open.delete(socket));
  }
}
