/** `mirrord diagnose latency`: round trips through the whole path of a session, agent and back. */
import { MirrordError } from '../errors.ts';
import type { RoundTrip } from '../control/answers.ts';
import { askRunning } from './ask.ts';
import type { Format } from './output-format.ts';
import { out } from './output.ts';

/** A round trip that takes longer than this is as good as lost. */
const PING_DEADLINE_MS = 10_000;
/** The first one tells whether there is anybody to measure. */
const FIRST_PING_DEADLINE_MS = 3_000;

export interface Latency {
  readonly count: number;
  /** Round trips that ended in an error, or not in time. */
  readonly lost: number;
  readonly min_ms: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

export async function runLatency(name: string, count: number, format: Format): Promise<void> {
  const times: number[] = [];
  for (let sent = 0; sent < count; sent++) {
    try {
      // One after the other: two at once would measure the queue in between.
      const deadlineMs = sent === 0 ? FIRST_PING_DEADLINE_MS : PING_DEADLINE_MS;
      const { rtt_ms: time } = (await askRunning(name, 'ping', deadlineMs)) as RoundTrip;
      times.push(time);
    } catch (error) {
      if (sent === 0 && isSilence(error)) throw silent();
      // Later it may be away for a moment, and come back.
      if (sent === 0 || !isLoss(error)) throw error;
    }
  }
  const latency = summarize(times, count);
  await out.answer(format, { latency }, () => formatLatency(name, latency));
}

const isLoss = (error: unknown): boolean => error instanceof MirrordError && error.failure !== 'usage';

const isSilence = (error: unknown): boolean => error instanceof MirrordError && error.code === 'session-no-answer';

const silent = (): MirrordError =>
  new MirrordError(
    'cluster',
    'agent-away',
    `No answer came from the agent within ${FIRST_PING_DEADLINE_MS / 1_000} s.`,
    {
      help: 'Wait until the agent can be reached: mirrord status --wait',
    },
  );

/** Percentiles by nearest rank: each figure is a time that was measured, to the microsecond. */
export function summarize(times: readonly number[], count: number): Latency {
  const ordered = times.toSorted((a, b) => a - b);
  const rank = (share: number): number =>
    Math.round((ordered[Math.max(0, Math.ceil(share * ordered.length) - 1)] ?? 0) * 1000) / 1000;
  return {
    count,
    lost: count - times.length,
    min_ms: rank(0),
    p50_ms: rank(0.5),
    p99_ms: rank(0.99),
    max_ms: rank(1),
  };
}

export function formatLatency(name: string, { count, lost, ...figures }: Latency): string {
  const trips = `${count} round trip${count === 1 ? '' : 's'} to the agent of session '${name}'`;
  const line = (['min', 'p50', 'p99', 'max'] as const).map((key) => `${key} ${figures[`${key}_ms`].toFixed(2)} ms`);
  return `${trips}${lost === 0 ? '' : `, ${lost} lost`}\n  ${line.join('   ')}\n`;
}
