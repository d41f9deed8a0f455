/** Memory per idle flow, and of each process at the moment: measured last, after all the load. */
import { once } from 'node:events';
import type { Metric } from '../metric.ts';
import { residentBytes } from '../processes.ts';

const IDLE_FLOWS = 2_000;
const HOLD_MS = 1_500;

export const MEMORY: Metric = {
  name: 'memory',
  rows: [
    { key: 'idle-flow-session', title: 'memory per idle flow, tool', unit: 'kB' },
    { key: 'idle-flow-agent', title: 'memory per idle flow, agent', unit: 'kB' },
    { key: 'resident-session', title: 'resident after the load, tool', unit: 'MB' },
    { key: 'resident-agent', title: 'resident after the load, agent', unit: 'MB' },
    { key: 'resident-host', title: 'resident after the load, root part', unit: 'MB' },
  ],
  paths: ['M'],
  async measure(path, _pace, tools) {
    const read = (): Map<string, number> => new Map(path.processes.map(({ name, pid }) => [name, residentBytes(pid)]));
    const before = read();
    const args = ['idle', path.address, String(path.ports.echo), String(HOLD_MS), String(IDLE_FLOWS)];
    const client = path.client.start(tools.wire, args);
    await once(client.stdout, 'data');
    const during = read();
    if (client.exitCode === null) await once(client, 'exit');
    const perFlow = (name: string): number => ((during.get(name) ?? 0) - (before.get(name) ?? 0)) / IDLE_FLOWS / 1000;
    const resident = (name: string): number => (before.get(name) ?? 0) / 1e6;
    return {
      'idle-flow-session': perFlow('session'),
      'idle-flow-agent': perFlow('agent'),
      'resident-session': resident('session'),
      'resident-agent': resident('agent'),
      'resident-host': resident('host'),
    };
  },
};
