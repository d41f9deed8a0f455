/** TCP bulk with iperf3: rate, what it costs in CPU, and with many flows how fair it is and what is retransmitted. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Metric } from '../metric.ts';
import type { Path } from '../path.ts';
import type { Pace } from '../metric.ts';
import { cpuSeconds } from '../processes.ts';

interface IperfReport {
  readonly error?: string;
  /** Missing when it could not begin. */
  readonly intervals?: readonly {
    readonly sum: { readonly bytes: number; readonly seconds: number; readonly omitted: boolean };
  }[];
  readonly end: {
    readonly sum_received: { readonly bits_per_second: number; readonly bytes: number };
    readonly sum_sent: { readonly retransmits?: number };
    /** Missing when the connection ended under the results. */
    readonly streams?: readonly { readonly receiver: { readonly bits_per_second: number } }[];
  };
}

type Direction = 'up' | 'down';

/** The server takes one client at a time, and lets go of the last one a moment after it has ended. */
const BUSY_LIMIT_MS = 5_000;
const BUSY_POLL_MS = 100;
/** What iperf3 may take beyond the test itself. */
const IPERF_SLACK_MS = 10_000;
/** The last interval, of a second, is missing in a report that was cut off. */
const LAST_INTERVAL_SECONDS = 1.1;

function throughput(flows: number, direction: Direction): Metric {
  const key = (what: string): string => `tcp-${flows}-${direction}-${what}`;
  const title = `TCP ${flows} ${flows === 1 ? 'flow' : 'flows'} ${direction}`;
  const rows = [
    { key: key('rate'), title, unit: 'Gbit/s' },
    { key: key('cpu'), title: `${title}, CPU`, unit: 's/Gbit' },
    { key: key('cpu-all'), title: `${title}, CPU with API server, kubelet, containerd`, unit: 's/Gbit' },
    ...(flows === 1
      ? []
      : [
          { key: key('jain'), title: `${title}, Jain's index`, unit: '' },
          ...(direction === 'up' ? [{ key: key('retransmits'), title: `${title}, retransmits`, unit: '' }] : []),
        ]),
  ];
  return {
    name: `tcp-${flows}-${direction}`,
    rows,
    paths: ['D', 'P', 'S', 'M', 'K', 'R', ...(flows === 1 ? (['K20', 'R20'] as const) : [])],
    async measure(path, pace) {
      const own = path.processes.map(({ pid }) => pid);
      const others = path.clusterProcesses?.map(({ pid }) => pid);
      const before = [cpuSeconds(own), cpuSeconds(others ?? [])] as const;
      const { end } = await iperf(path, pace, flows, direction);
      const used = [cpuSeconds(own) - before[0], cpuSeconds(others ?? []) - before[1]] as const;
      const rates = (end.streams ?? []).map(({ receiver }) => receiver.bits_per_second);
      // The warm-up's seconds cost CPU, too, at the same rate.
      const share = pace.seconds / (pace.seconds + pace.warmUpSeconds);
      const perGbit = (seconds: number): number => (seconds * share) / ((end.sum_received.bytes * 8) / 1e9);
      return {
        [key('rate')]: end.sum_received.bits_per_second / 1e9,
        ...(own.length === 0 ? {} : { [key('cpu')]: perGbit(used[0]) }),
        ...(others === undefined ? {} : { [key('cpu-all')]: perGbit(used[0] + used[1]) }),
        [key('jain')]: jain(rates),
        [key('retransmits')]: end.sum_sent.retransmits ?? 0,
      };
    },
  };
}

export async function iperf(path: Path, pace: Pace, flows: number, direction: Direction): Promise<IperfReport> {
  const where = ['-c', path.address, '-p', String(path.ports.iperf), ...(direction === 'down' ? ['-R'] : [])];
  const what = ['-t', String(pace.seconds), '-O', String(pace.warmUpSeconds), '-P', String(flows), '-J'];
  const timeoutMs = (pace.warmUpSeconds + pace.seconds) * 1000 + IPERF_SLACK_MS;
  for (const end = Date.now() + BUSY_LIMIT_MS; ; await delay(BUSY_POLL_MS)) {
    const { stdout, stderr } = await path.client.run('iperf3', [...where, ...what], { timeoutMs });
    // Warnings come before it.
    const report = JSON.parse(stdout.slice(stdout.indexOf('{')) || '{"error":"no output"}') as IperfReport;
    const error = report.error ?? (report.end.streams === undefined ? 'no result' : undefined);
    if (error === undefined) return report;
    const whole = path.mend === undefined ? undefined : withoutGoodbye(report, pace, flows);
    if (whole !== undefined) return whole;
    if (!error.includes('busy') || Date.now() > end) {
      throw new Error(`iperf3 on ${path.title}: ${error} ${stderr}`);
    }
  }
}

/**
 * What the client has seen, where the path ended under the last words of a test that was complete: kubectl does so when
 * a connection is closed with bytes under way.  One flow only, since what each got is not known.
 */
function withoutGoodbye({ intervals = [] }: IperfReport, pace: Pace, flows: number): IperfReport | undefined {
  const counted = intervals.map(({ sum }) => sum).filter(({ omitted }) => !omitted);
  const bytes = counted.reduce((total, sum) => total + sum.bytes, 0);
  const seconds = counted.reduce((total, sum) => total + sum.seconds, 0);
  if (flows !== 1 || seconds === 0 || seconds < pace.seconds - LAST_INTERVAL_SECONDS) return undefined;
  const sum = { bytes, bits_per_second: (bytes * 8) / seconds };
  return { intervals, end: { sum_received: sum, sum_sent: {}, streams: [{ receiver: sum }] } };
}

/** (Σx)² / (n Σx²): 1 when all flows got the same, 1/n when one got everything. */
function jain(rates: readonly number[]): number {
  const total = rates.reduce((a, b) => a + b, 0);
  const squares = rates.reduce((a, b) => a + b * b, 0);
  return squares === 0 ? 0 : (total * total) / (rates.length * squares);
}

export const THROUGHPUT: readonly Metric[] = [
  throughput(1, 'up'),
  throughput(1, 'down'),
  throughput(100, 'up'),
  throughput(100, 'down'),
];
