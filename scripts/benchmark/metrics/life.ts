/** How long `up` takes to be ready, and how soon everything is gone; memory of a fresh session, and of idle flows. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { pod } from '../../sandbox/addresses.ts';
import { createSandbox } from '../../sandbox/index.ts';
import type { Sandbox } from '../../sandbox/index.ts';
import { up } from '../../sandbox/session.ts';
import type { Metric } from '../metric.ts';
import { ECHO_PORT, sessionProcesses, startServers } from '../paths.ts';
import { residentBytes } from '../processes.ts';

const GONE_DEADLINE_MS = 10_000;
const SETTLE_MS = 500;
/** The first flows are not counted: with them comes the memory that any traffic costs. */
const FIRST_FLOWS = 1_000;
const IDLE_FLOWS = 5_000;
const HOLD_MS = 3_000;

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
    { key: 'flow-session', title: 'memory per idle flow, tool', unit: 'kB' },
    { key: 'flow-agent', title: 'memory per idle flow, agent', unit: 'kB' },
  ],
  paths: ['M'],
  async measure(_path, _pace, { wire }) {
    const sandbox = await createSandbox({ nameServer: false });
    try {
      await startServers(sandbox, wire);
      const started = performance.now();
      const session = await up(sandbox, { as: 'root' }).ready();
      const start = performance.now() - started;
      await delay(SETTLE_MS);
      const processes = await sessionProcesses(sandbox, session);
      const resident = () => processes.map(({ pid }) => residentBytes(pid));
      const idle = resident();
      const first = await holdIdleFlows(sandbox, wire, FIRST_FLOWS);
      const before = resident();
      const more = await holdIdleFlows(sandbox, wire, IDLE_FLOWS);
      const after = resident();
      await Promise.all([first, more].map(({ ended }) => ended));
      const memory = processes.flatMap(({ name }, i) => [
        [`idle-${name}`, idle[i] / 1e6] as const,
        [`flow-${name}`, (after[i] - before[i]) / IDLE_FLOWS / 1e3] as const,
      ]);

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
      return { start, stop, killed: performance.now() - killedAt, ...Object.fromEntries(memory) };
    } finally {
      await sandbox.close();
    }
  },
};

/** Resolves when all are open. */
async function holdIdleFlows(sandbox: Sandbox, wire: string, flows: number): Promise<{ ended: Promise<unknown> }> {
  const args = ['idle', pod(1).v4, String(ECHO_PORT), String(HOLD_MS), String(flows)];
  const client = sandbox.developer.start(wire, args);
  const ended = once(client, 'exit');
  await Promise.race([once(client.stdout, 'data'), ended]);
  return { ended };
}
