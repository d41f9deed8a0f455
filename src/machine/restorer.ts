import type { Journal } from './journal.ts';

/** What has outlived its journal, and is as before again. */
export interface Lost {
  /** The session's that had changed it. */
  readonly name: string;
  /** What could not be made as it was before, in plain words. */
  readonly notes: readonly string[];
}

/** Takes back what a session that has died had changed; harmless at any time, and may be repeated. */
export interface Restorer {
  /** All that the journal says.  Resolves to what could not be made as it was before, in plain words. */
  restore(journal: Journal): Promise<readonly string[]>;
  /** Whether nothing is left to restore. */
  isDone(journal: Journal): boolean;
  /** What the journal says goes back in its network alone; with one that has ended, all in it has ended. */
  isThere(networkNamespace: string): boolean;
  /** Changes whose journal is gone, as after a power failure; undefined: none.  `journals`: of all sessions. */
  restoreLost(journals: readonly Journal[]): Lost | undefined;
  /** A command that takes back at once what must not wait for a Node to start, and then becomes the command behind it. */
  atOnce(journal: Journal): readonly string[];
}
