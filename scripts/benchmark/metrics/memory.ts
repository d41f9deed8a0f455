/** Memory of each process after all the load: measured last. */
import type { Metric } from '../metric.ts';
import { residentBytes } from '../processes.ts';

export const MEMORY: Metric = {
  name: 'memory',
  rows: [
    { key: 'resident-session', title: 'resident after the load, tool', unit: 'MB' },
    { key: 'resident-agent', title: 'resident after the load, agent', unit: 'MB' },
    { key: 'resident-host', title: 'resident after the load, root part', unit: 'MB' },
    { key: 'resident-kubectl', title: 'resident after the load, kubectl', unit: 'MB' },
  ],
  paths: ['M', 'K', 'R'],
  measure: ({ processes }) =>
    Promise.resolve(
      Object.fromEntries(processes.map(({ name, pid }) => [`resident-${name}`, residentBytes(pid) / 1e6])),
    ),
};
