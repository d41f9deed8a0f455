/**
 * What `-v` shows: each call of the Kubernetes API and each command, when it has ended.
 *
 * A channel of this process (node:diagnostics_channel): without a listener, nothing is made.  No secret is in it:
 * headers and bodies stay out, and commands take none as arguments.
 */
import { channel } from 'node:diagnostics_channel';

/** `GET /api/v1/namespaces`, `ip -json link show lo`. */
export interface Traced {
  readonly what: string;
  /** `200`, `exit 0`, or why there was no such end. */
  readonly outcome: string;
  readonly ms: number;
}

const TRACE = channel('mirrord.trace');

/** Tells what it was and how `work` has ended, which `outcome` puts into words. */
export async function traced<T>(
  what: () => string,
  work: () => Promise<T>,
  outcome: (result: T) => string,
): Promise<T> {
  if (!TRACE.hasSubscribers) return work();
  const start = performance.now();
  const tell = (end: string): void =>
    TRACE.publish({ what: what(), outcome: end, ms: performance.now() - start } satisfies Traced);
  try {
    const result = await work();
    tell(outcome(result));
    return result;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** `show` gets one line each, from now on. */
export function showTrace(show: (line: string) => void): void {
  TRACE.subscribe((message) => {
    const { what, outcome, ms } = message as Traced;
    show(`${what}: ${outcome} (${Math.round(ms)} ms)`);
  });
}
