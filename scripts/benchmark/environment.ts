/** What the figures depend on, and whether the machine is quiet enough to take any. */
import { cpus, release } from 'node:os';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../sandbox/command.ts';

const SAMPLE_MS = 1_000;
/** More than this share of the CPU in use by others, and the figures are theirs. */
const MAX_BUSY = 0.15;

export interface Environment {
  readonly date: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly congestionControl: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Share of the CPU that was in use before the first measurement. */
  readonly busy: number;
}

/** `kubectl`: path of the cluster's own, of the same version as the cluster; undefined without a cluster. */
export async function describeEnvironment(force: boolean, kubectl: string | undefined): Promise<Environment> {
  const busy = await busyShare();
  if (busy > MAX_BUSY && !force) {
    throw new Error(
      `the machine is busy (${Math.round(busy * 100)} % of its CPU); wait, or measure all the same with --force`,
    );
  }
  return {
    date: new Date().toISOString(),
    kernel: release(),
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    congestionControl: readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim(),
    versions: {
      node: process.version,
      iperf3: await firstLine('iperf3', '--version'),
      pasta: await firstLine('pasta', '--version'),
      slirp4netns: await firstLine('slirp4netns', '--version'),
      ...(kubectl === undefined ? {} : { kubernetes: `kubectl ${await firstLine(kubectl, 'version', '--client')}` }),
    },
    busy,
  };
}

async function firstLine(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(program, args);
  return `${stdout}${stderr}`.split('\n')[0] ?? '';
}

/** From the first line of /proc/stat (proc(5)): user nice system idle iowait ... */
async function busyShare(): Promise<number> {
  const read = (): { total: number; idle: number } => {
    const fields = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number);
    return { total: fields.reduce((a, b) => a + b, 0), idle: (fields[3] ?? 0) + (fields[4] ?? 0) };
  };
  const before = read();
  await delay(SAMPLE_MS);
  const after = read();
  return 1 - (after.idle - before.idle) / (after.total - before.total);
}
