/** A wait that ends, whether or not the one who is waited for keeps to the signal. */

/** Nothing came back: the expected failure of a question, as opposed to a defect. */
export class NoAnswer extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoAnswer';
  }
}

/** Runs `start` with a signal that aborts after `ms`; rejects with `NoAnswer` then. */
export async function withDeadline<T>(ms: number, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  return await new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new NoAnswer(`no answer within ${Math.round(ms)} ms`);
      reject(error);
      abort.abort(error);
    }, ms);
    start(abort.signal)
      .finally(() => clearTimeout(timer))
      .then(resolve, reject);
  });
}
