/** The agent is a guest: when memory runs out, it goes before the program that it was put beside. */
import { writeFileSync } from 'node:fs';

/** OOM_SCORE_ADJ_MAX (linux/oom.h): chosen first.  Raising one's own needs no privilege. */
const FIRST_TO_GO = '1000';

/**
 * An ephemeral container has no limit of its own: it shares the pod's, and in a Guaranteed pod it has the target's
 * protection (-997), so that the kernel would choose by size alone.
 */
export function giveWay(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', FIRST_TO_GO);
  } catch {
    // A sandboxed runtime (gVisor) may not have it; there is nothing else to be done.
  }
}
