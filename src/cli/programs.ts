/** The other programs of this package, beside the one that runs: in `dist/`, or when run from the sources, there. */
import { join } from 'node:path';
import { DATA_PATH_FLAGS } from '../node-flags.ts';

const here = import.meta.dirname;
const fromSources = import.meta.filename.endsWith('.ts');

const program = (source: string, bundle: string, ...flags: readonly string[]): readonly string[] => [
  process.execPath,
  ...flags,
  fromSources ? join(here, '..', source) : join(here, bundle),
];

/** What people call. */
export const COMMAND = join(here, fromSources ? '../../bin/mirrord' : '../bin/mirrord');
export const SESSION_PROGRAM = program('session/main.ts', 'session.js', ...DATA_PATH_FLAGS);
export const RESTORE_PROGRAM = program('host/restore-entry.ts', 'restore.js');
export const READ_PROGRAM = program('host/read-entry.ts', 'read.js');
/** Only bundled it is one file that runs by itself. */
export const AGENT_BUNDLE = fromSources ? join(here, '../../dist/agent.cjs') : join(here, 'agent.cjs');
