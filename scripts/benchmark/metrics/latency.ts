/** How long small things take: a connection with one byte, a byte to and fro, the same beside a bulk flow. */
import type { Metric } from '../metric.ts';
import { wire } from '../wire-client.ts';
import { iperf } from './throughput.ts';

const connect: Metric = {
  name: 'connect',
  rows: [
    { key: 'connect-p50', title: 'connect + 1 byte, p50', unit: 'us' },
    { key: 'connect-p99', title: 'connect + 1 byte, p99', unit: 'us' },
    { key: 'connect-rate-1', title: 'connections, 1 at a time', unit: '/s' },
    { key: 'connect-rate-50', title: 'connections, 50 at a time', unit: '/s' },
  ],
  paths: ['D', 'P', 'S', 'M', 'K', 'R'],
  async measure(path, pace, tools) {
    const single = await wire('connect', path, pace, tools, 1);
    const many = await wire('connect', path, pace, tools, 50);
    return {
      'connect-p50': single.p50,
      'connect-p99': single.p99,
      'connect-rate-1': single.rate,
      'connect-rate-50': many.rate,
    };
  },
};

const roundTrip: Metric = {
  name: 'rr',
  rows: [
    { key: 'rr-p50', title: '1-byte request-response, p50', unit: 'us' },
    { key: 'rr-p99', title: '1-byte request-response, p99', unit: 'us' },
  ],
  paths: ['D', 'P', 'S', 'M', 'K', 'R', 'K20', 'R20'],
  async measure(path, pace, tools) {
    const { p50, p99 } = await wire('rr', path, pace, tools);
    return { 'rr-p50': p50, 'rr-p99': p99 };
  },
};

function loaded(direction: 'up' | 'down'): Metric {
  return {
    name: `rr-loaded-${direction}`,
    rows: [
      { key: `loaded-${direction}-p50`, title: `the same beside a bulk flow ${direction}, p50`, unit: 'us' },
      { key: `loaded-${direction}-p99`, title: `the same beside a bulk flow ${direction}, p99`, unit: 'us' },
    ],
    paths: ['D', 'P', 'S', 'M', 'K', 'R'],
    async measure(path, pace, tools) {
      const bulk = iperf(path, { ...pace, seconds: pace.seconds + 1 }, 1, direction);
      // The client's own warm-up is the bulk flow's.
      const small = wire('rr', path, pace, tools);
      // Both have ended before anything is measured again.
      await Promise.allSettled([small, bulk]);
      await bulk;
      const { p50, p99 } = await small;
      return { [`loaded-${direction}-p50`]: p50, [`loaded-${direction}-p99`]: p99 };
    },
  };
}

export const LATENCY: readonly Metric[] = [connect, roundTrip, loaded('up'), loaded('down')];
