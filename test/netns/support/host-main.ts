/** Runs the host part with the fake session; says on standard output what happens, one JSON object a line. */
import { join } from 'node:path';
import { runHost } from '../../../src/host/index.ts';
import type { DnsModeChoice } from '../../../src/machine/dns-state.ts';
import { defined } from '../../../src/defined.ts';

const here = import.meta.dirname;
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const end = await runHost(
  {
    name: process.env['NAME'] ?? 'default',
    ...defined({ target: process.env['TARGET'] }),
    includeRoutes: [],
    excludeRoutes: [],
    domains: [],
    dns: (process.env['DNS_MODE'] ?? 'auto') as DnsModeChoice,
    verbose: false,
    overrides: {},
  },
  {
    session: [process.execPath, join(here, 'fake-session.ts')],
    restore: [process.execPath, join(here, '../../../src/host/restore-entry.ts')],
    reader: [process.execPath, join(here, '../../../src/machine/linux/processes/read-entry.ts')],
    agentBundle: process.env['AGENT'] ?? join(here, 'fake-agent.ts'),
    stdin: 'ignore',
    cwd: '/',
    environment: process.env,
    progress: (progress) => say({ progress }),
    path: () => undefined,
    ready: (lines) => say({ ready: lines }),
    output: (text) => void process.stdout.write(text),
  },
);
say(end.outcome === 'failed' ? { end: end.outcome, error: end.error.describe() } : { end: end.outcome });
