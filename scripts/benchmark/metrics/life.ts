/** How long `up` takes to be ready, and how soon everything is gone; and how much memory an idle session has. */
import { setTimeout as delay } from 'node:timers/promises';
import { createSandbox } from '../../sandbox/index.ts';
import { machineState } from '../../sandbox/machine-state.ts';
import { up } from '../../sandbox/session.ts';
import type { Metric } from '../metric.ts';
import { sessionProcesses } from '../paths.ts';
import { residentBytes } from '../processes.ts';

const GONE_DEADLINE_MS = 10_000;
const SETTLE_MS = 500;

/** It has a sandbox of its own: the path's session must go on. */
export const LIFE: Metric = {
  name: 'life',
  rows: [
    { key: 'start', title: 'start to ready', unit: 'ms' },
    { key: 'stop', title: 'SIGTERM to all gone', unit: 'ms' },
    { key: 'killed', title: 'SIGKILL to TUN gone', unit: 'ms' },
    { key: 'idle-session', title: 'resident when idle, tool', unit: 'MB' },
    { key: 'idle-agent', title: 'resident when idle, agent', unit: 'MB' },
    { key: 'idle-host', title: 'resident when idle, root part', unit: 'MB' },
  ],
  paths: ['M'],
  async measure() {
    const sandbox = await createSandbox();
    try {
      await machineState(sandbox.developer);
      const started = performance.now();
      const session = await up(sandbox, { as: 'root' }).ready();
      const start = performance.now() - started;
      await delay(SETTLE_MS);
      const processes = await sessionProcesses(sandbox, session);
      const resident = Object.fromEntries(processes.map(({ name, pid }) => [`idle-${name}`, residentBytes(pid) / 1e6]));

      const signalled = performance.now();
      await session.end('SIGTERM');
      const stop = performance.now() - signalled;

      const second = await up(sandbox, { as: 'root' }).ready();
      const killedAt = performance.now();
      second.child.kill('SIGKILL');
      const tunGone = async (): Promise<boolean> => {
        const { stdout } = await sandbox.developer.run('ip', ['-o', 'link', 'show', 'type', 'tun']);
        return stdout === '';
      };
      while (!(await tunGone())) {
        if (performance.now() - killedAt > GONE_DEADLINE_MS) throw new Error('the TUN stays after SIGKILL');
      }
      return { start, stop, killed: performance.now() - killedAt, ...resident };
    } finally {
      await sandbox.close();
    }
  },
};
