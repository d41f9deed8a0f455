/** UDP and DNS. */
import type { Metric } from '../metric.ts';
import { wire } from '../wire-client.ts';
import type { WireResult } from '../wire-client.ts';

const OUTSTANDING = 32;
const DNS_PORT = 53;

const udp: Metric = {
  name: 'udp',
  rows: [
    { key: 'udp-rate', title: `UDP echo, ${OUTSTANDING} outstanding`, unit: '/s' },
    { key: 'udp-p99', title: `UDP echo, ${OUTSTANDING} outstanding, p99`, unit: 'us' },
    { key: 'udp-lost', title: `UDP echo, ${OUTSTANDING} outstanding, lost`, unit: '%' },
    { key: 'udp-half-lost', title: 'UDP echo, paced at half that rate, lost', unit: '%' },
  ],
  paths: ['D', 'P', 'S', 'M', 'R'],
  async measure(path, pace, tools) {
    const full = await wire('udp', path, pace, tools, OUTSTANDING);
    const half = await wire('paced', path, pace, tools, Math.max(1, Math.round(full.rate / 2)));
    return { 'udp-rate': full.rate, 'udp-p99': full.p99, 'udp-lost': lost(full), 'udp-half-lost': lost(half) };
  },
};

/** Each question is a flow and a name that nobody has seen before: no cache can answer it. */
const dns: Metric = {
  name: 'dns',
  rows: [
    { key: 'dns-rate', title: `DNS questions, ${OUTSTANDING} outstanding`, unit: '/s' },
    { key: 'dns-p50', title: `DNS questions, ${OUTSTANDING} outstanding, p50`, unit: 'us' },
    { key: 'dns-p99', title: `DNS questions, ${OUTSTANDING} outstanding, p99`, unit: 'us' },
    { key: 'dns-lost', title: `DNS questions, ${OUTSTANDING} outstanding, lost`, unit: '%' },
  ],
  paths: ['D', 'P', 'S', 'M'],
  async measure(path, pace, tools) {
    if (path.nameServer === undefined) throw new Error(`${path.title} has no name server`);
    const at = { address: path.nameServer, port: DNS_PORT };
    const result = await wire('dns', path, pace, tools, OUTSTANDING, at);
    return { 'dns-rate': result.rate, 'dns-p50': result.p50, 'dns-p99': result.p99, 'dns-lost': lost(result) };
  },
};

const lost = ({ count, lost: missing }: WireResult): number => (100 * missing) / (count + missing);

export const DATAGRAMS: readonly Metric[] = [udp, dns];
