/**
 * Keeps one byte stream connected: the first dial, and after each loss new ones with growing pauses until the stream
 * is resumed, the agent refuses for good, or the resume limit is over.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyObject } from 'node:crypto';
import { MirrordError } from '../errors.ts';
import type { ByteStream } from './byte-stream.ts';
import { Refused, sayHello } from './client-hello.ts';
import type { KnownAgent } from './client-hello.ts';
import { DIALS_AT_ONCE, DIAL_AGAIN_MS, DIAL_LIMIT_MS, REDIAL_FIRST_MS, REDIAL_LONGEST_MS } from './limits.ts';
import type { Dial } from './dial.ts';

/** A stream, and what connects it. */
export interface Connectable {
  readonly stream: ByteStream;
  readonly dial: Dial;
  readonly key: KeyObject;
  readonly agent: KnownAgent;
  /** The session's id. */
  readonly session: string;
}

export interface Patience {
  /** After so long the stream is given up, ms. */
  readonly limitMs: number;
  readonly pauses: Pauses;
  /** Told of each attempt that failed, and how long the pause before the next one is, ms. */
  readonly failed: (reason: string, pauseMs: number) => void;
}

/** One attempt; rejects with `Refused` when another would be refused too. */
export async function connect({ stream, dial, key, agent, session }: Connectable, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(DIAL_LIMIT_MS)]);
  const transport = await dialPersistently(dial, limit);
  if (limit.aborted) {
    transport.destroy();
    throw limit.reason;
  }
  const resumption = { session, resume: stream.established, received: stream.received };
  await sayHello(transport, key, agent, resumption, (link, received, ms) => stream.attach(link, received, ms), limit);
}

/** The pauses between two dials, which a change of the path cuts short. */
export class Pauses {
  #cut: () => void = () => {};

  cut(): void {
    this.#cut();
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    this.#cut = () => early.abort();
    try {
      await sleep(ms, undefined, { signal: AbortSignal.any([signal, early.signal]) });
    } catch {
      signal.throwIfAborted();
    }
  }
}

/** Resolves when the stream is resumed; rejects with the reason why it cannot be. */
export async function reconnect(
  what: Connectable,
  { limitMs, pauses, failed }: Patience,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + limitMs;
  let pause = REDIAL_FIRST_MS;
  for (;;) {
    const left = Math.ceil(end - performance.now());
    try {
      return await connect(what, AbortSignal.any([signal, AbortSignal.timeout(Math.max(left, 1))]));
    } catch (error) {
      if (signal.aborted || error instanceof Refused || isGone(error)) throw error;
      if (performance.now() + pause >= end) {
        throw new Error(`not reachable for ${limitMs / 1000} s; last: ${describe(error)}`, { cause: error });
      }
      failed(describe(error), pause);
    }
    await pauses.wait(pause, signal);
    pause = Math.min(pause * 2, REDIAL_LONGEST_MS);
  }
}

/**
 * Dials again beside a dial that hears nothing, and takes the first that stands.  While packets are lost the kernel
 * sends a SYN again after 1, 3, 7 and 15 s; new dials find a path that is back sooner.
 */
function dialPersistently(dial: Dial, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const decided = new AbortController();
    const bounded = AbortSignal.any([signal, decided.signal]);
    let running = 0;
    const decide = (): void => {
      clearInterval(timer);
      decided.abort();
    };
    const attempt = (): void => {
      if (running === DIALS_AT_ONCE) return;
      running++;
      dial(bounded).then(
        (transport) => {
          running--;
          if (decided.signal.aborted) {
            transport.destroy();
            return;
          }
          decide();
          resolve(transport);
        },
        (error: unknown) => {
          running--;
          if (decided.signal.aborted || (running > 0 && !isGone(error))) return;
          decide();
          reject(error);
        },
      );
    };
    const timer = setInterval(attempt, DIAL_AGAIN_MS);
    attempt();
  });
}

/** The dial knows that the agent has ended (see `Dial`). */
function isGone(error: unknown): boolean {
  return error instanceof MirrordError && error.code === 'agent-gone';
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
