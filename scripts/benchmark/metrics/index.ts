/** All metrics, in the order in which they are measured and shown. */
import type { Metric } from '../metric.ts';
import { DATAGRAMS } from './datagrams.ts';
import { INTEGRITY } from './integrity.ts';
import { LATENCY } from './latency.ts';
import { LIFE } from './life.ts';
import { MEMORY } from './memory.ts';
import { THROUGHPUT } from './throughput.ts';

export const METRICS: readonly Metric[] = [...THROUGHPUT, ...LATENCY, ...DATAGRAMS, LIFE, INTEGRITY, MEMORY];
