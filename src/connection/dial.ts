/** How a connection's transports come into being. */
import type { Duplex } from 'node:stream';

/**
 * Opens one more connection to the same agent; called again after each loss.  Its `data` events may show the same memory
 * again and again: a chunk is looked at during the event only.  A rejection with a MirrordError of the code
 * `agent-gone` says that there is no agent any more, so that nothing waits for it.
 */
export type Dial = (signal: AbortSignal) => Promise<Duplex>;
