/**
 * An agent that is being started when its session ends is waited for, so that it can be told; it would stay until its own
 * deadlines.  Of the 8 s that a session has for its end, ms.
 */
const GRACE_MS = 4_000;

/** Aborts some seconds after `signal` does. */
export function lateSignal(signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  const abort = (): void => void setTimeout(() => late.abort(signal.reason), GRACE_MS).unref();
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return late.signal;
}
