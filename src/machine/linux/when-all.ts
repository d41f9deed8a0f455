/** Resolves when all have ended; one that failed keeps no other from ending, and is thrown then. */
export async function whenAll(works: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
}
