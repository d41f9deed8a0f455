/** The other programs of this package, beside the one that runs: in `dist/`, or when run from the sources, there. */
import { join } from 'node:path';

const here = import.meta.dirname;
const fromSources = import.meta.filename.endsWith('.ts');

const program = (source: string, bundle: string): readonly string[] => [
  process.execPath,
  fromSources ? join(here, '..', source) : join(here, bundle),
];

export const SESSION_PROGRAM = program('session/main.ts', 'session.js');
export const RESTORE_PROGRAM = program('host/restore-entry.ts', 'restore.js');
/** Only bundled it is one file that runs by itself. */
export const AGENT_BUNDLE = fromSources ? join(here, '../../dist/agent.cjs') : join(here, 'agent.cjs');
