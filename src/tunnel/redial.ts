/**
 * Keeps one byte stream connected: the first dial, and after each loss new ones with growing pauses until the stream
 * is resumed, the agent refuses for good, or the resume limit is over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyObject } from 'node:crypto';
import { MirrordError } from '../errors.ts';
import type { ByteStream } from './byte-stream.ts';
import { Refused, sayHello } from './client-hello.ts';
import { DIAL_LIMIT_MS, REDIAL_FIRST_MS, REDIAL_LONGEST_MS } from './limits.ts';
import type { Dial } from './tunnel.ts';

/** One attempt; rejects with `Refused` when another would be refused too. */
export async function connect(
  stream: ByteStream,
  dial: Dial,
  key: KeyObject,
  session: string,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(DIAL_LIMIT_MS)]);
  const transport = await dial(limit);
  if (limit.aborted) {
    transport.destroy();
    throw limit.reason;
  }
  const resumption = { session, resume: stream.established, received: stream.received };
  await sayHello(transport, key, resumption, (link, received, ms) => stream.attach(link, received, ms), limit);
}

/** Resolves when the stream is resumed; rejects with the reason why it cannot be. */
export async function reconnect(
  stream: ByteStream,
  dial: Dial,
  key: KeyObject,
  session: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + limitMs;
  let pause = REDIAL_FIRST_MS;
  for (;;) {
    const left = Math.ceil(end - performance.now());
    try {
      return await connect(
        stream,
        dial,
        key,
        session,
        AbortSignal.any([signal, AbortSignal.timeout(Math.max(left, 1))]),
      );
    } catch (error) {
      if (signal.aborted || error instanceof Refused || isGone(error)) throw error;
      if (performance.now() + pause >= end) {
        throw new Error(`not reachable for ${limitMs / 1000} s; last: ${describe(error)}`, { cause: error });
      }
    }
    await sleep(pause, undefined, { signal });
    pause = Math.min(pause * 2, REDIAL_LONGEST_MS);
  }
}

/** The dial knows that the agent has ended (see `Dial`). */
function isGone(error: unknown): boolean {
  return error instanceof MirrordError && error.code === 'agent-gone';
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
