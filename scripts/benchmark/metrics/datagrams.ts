/** UDP and DNS. */
import type { Metric } from '../metric.ts';
import { wire } from '../wire-client.ts';

const OUTSTANDING = 32;

const udp: Metric = {
  name: 'udp',
  rows: [
    { key: 'udp-rate', title: `UDP echo, ${OUTSTANDING} outstanding`, unit: '/s' },
    { key: 'udp-p99', title: `UDP echo, ${OUTSTANDING} outstanding, p99`, unit: 'us' },
    { key: 'udp-lost', title: `UDP echo, ${OUTSTANDING} outstanding, lost`, unit: '%' },
  ],
  paths: ['D', 'P', 'S', 'M'],
  async measure(path, pace, tools) {
    const { count, rate, p99, lost } = await wire('udp', path, pace, tools, OUTSTANDING);
    return { 'udp-rate': rate, 'udp-p99': p99, 'udp-lost': (100 * lost) / (count + lost) };
  },
};

const dns: Metric = {
  name: 'dns',
  rows: [
    { key: 'dns-rate', title: `DNS questions, ${OUTSTANDING} outstanding`, unit: '/s' },
    { key: 'dns-average', title: 'DNS questions, average', unit: 'us' },
    { key: 'dns-lost', title: 'DNS questions lost', unit: '%' },
  ],
  paths: ['D', 'P', 'S', 'M'],
  async measure(path, { seconds }, { questions }) {
    if (path.nameServer === undefined) throw new Error(`${path.title} has no name server`);
    const args = ['-s', path.nameServer, '-l', String(seconds), '-q', String(OUTSTANDING), '-c', '8', '-d', questions];
    const { stdout, stderr } = await path.client.run('dnsperf', args);
    const number = (pattern: RegExp): number => {
      const text = pattern.exec(stdout)?.[1];
      if (text === undefined) throw new Error(`dnsperf on ${path.title}: ${stderr}${stdout}`);
      return Number(text);
    };
    return {
      'dns-rate': number(/Queries per second:\s+([\d.]+)/),
      'dns-average': number(/Average Latency \(s\):\s+([\d.]+)/) * 1e6,
      'dns-lost': number(/Queries lost:\s+\d+ \(([\d.]+)%\)/),
    };
  },
};

export const DATAGRAMS: readonly Metric[] = [udp, dns];
