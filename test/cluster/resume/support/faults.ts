/**
 * Sessions that faults are done to, and the record of what became of the flows.
 *
 * With RELIABILITY_RECORD=FILE each fault that was survived adds a line of JSON there: the raw figures of
 * docs/reliability.md.
 */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../../../scripts/sandbox/session.ts';
import type { SessionStatus } from '../../../../src/control/answers.ts';
import { Traffic, recovery } from '../../../netns/support/witnessed.ts';
import { poll } from '../../../netns/support/session.ts';
import type { Developer } from '../../support/developer.ts';
import { openDeveloper, statuses } from '../../support/session.ts';
import { Listener } from './listener.ts';

export const FLOWS = 10;
/** Of each flow, bytes per second: the path is in use all the time, and the machine is not busy with it. */
const RATE = 200_000;
const WARM_UP_MS = 500;
/** Flows must be seen to go on after the fault. */
const AFTERWARDS_MS = 1_000;
/** `docs/reliability.md` has what it really takes; on a busy machine that is more than the goal. */
export const RECOVERY_LIMIT_MS = 10_000;

export interface Patient {
  readonly developer: Developer;
  readonly session: Session;
  /** Of the echo server. */
  readonly address: string;
  /** On an idle connection to a database in the cluster. */
  readonly listener?: Listener;
}

/** `database`: name of one in the cluster, on which somebody listens all the time. */
export async function openPatient(
  namespace: string,
  address: string,
  args: string[] = [],
  database?: string,
): Promise<Patient> {
  const developer = await openDeveloper();
  try {
    const session = await developer.up(['-n', namespace, ...args]).ready();
    const listener = database === undefined ? {} : { listener: await Listener.open(developer, database) };
    return { developer, address, session, ...listener };
  } catch (error) {
    await developer.close();
    throw error;
  }
}

export async function closePatient(patient: Patient | undefined): Promise<void> {
  await patient?.listener?.close();
  await patient?.session.end();
  await patient?.developer.close();
}

export async function statusOf({ developer }: Patient): Promise<SessionStatus> {
  const [status] = await statuses(developer);
  assert.ok(status, 'no session answers');
  return status;
}

export interface Survival {
  /** Whether one more flow is opened while the path is away. */
  readonly openMeanwhile?: boolean;
  /** The tunnel must have been resumed; otherwise the old transport may as well have lived through it. */
  readonly resumes?: boolean;
  readonly limitMs?: number;
}

/**
 * Does `fault` to a session with flows open.  It resolves when the path is back, to that moment in Date.now()
 * milliseconds.  Everything must arrive, once.
 */
export async function survive(
  patient: Patient,
  name: string,
  fault: (meanwhile: () => void) => Promise<number>,
  { resumes = false, limitMs = RECOVERY_LIMIT_MS }: Survival = {},
): Promise<void> {
  const before = await statusOf(patient);
  const traffic = await Traffic.start(patient.developer.machine, patient.address, 7, FLOWS, RATE);
  await delay(WARM_UP_MS);
  let added = 0;
  const back = await fault(() => {
    traffic.open();
    added++;
  });
  await poll(async () => (await statusOf(patient)).state === 'ready', `${name}: ready again`, limitMs + 10_000);
  await delay(AFTERWARDS_MS);
  await patient.listener?.hears();
  const report = await traffic.stop();
  const after = await statusOf(patient);
  const ms = recovery(report, back);
  record({ name, ms, right: report.right, wrong: report.wrong, bytes: report.bytes, opened: report.opened });
  assert.deepEqual(report.wrong, [], name);
  assert.equal(report.right, FLOWS + 1 + added);
  assert.equal(after.agent?.name, before.agent?.name, 'the agent is the same');
  if (resumes) assert.ok(after.transport.resumes > before.transport.resumes, 'the tunnel was resumed');
  assert.ok(ms < limitMs, `${name}: recovered ${ms} ms after the path was back`);
}

export function record(figures: object): void {
  const file = process.env['RELIABILITY_RECORD'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(figures)}\n`);
}

/** Runs a command as root on the developer machine. */
export async function asRoot({ developer }: Patient, file: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await developer.machine.run(file, args);
  assert.equal(code, 0, `${file} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Puts nftables rules into the way of the machine's packets, as `in` and `out` chains; resolves to their removal. */
export async function obstruct(patient: Patient, rules: { in?: string; out?: string }): Promise<() => Promise<number>> {
  const chain = (hook: string, rule: string) => `chain ${hook} {\ntype filter hook ${hook} priority -300; ${rule}\n}\n`;
  const table = `table inet fault {\n${chain('input', rules.in ?? '')}${chain('output', rules.out ?? '')}}\n`;
  await asRoot(patient, 'nft', [table]);
  return async () => {
    await asRoot(patient, 'nft', ['delete', 'table', 'inet', 'fault']);
    return Date.now();
  };
}

/** The local port of the connection that carries the tunnel: the one that has carried most. */
export async function tunnelPort(patient: Patient): Promise<string> {
  const lines = (await asRoot(patient, 'ss', ['-tinOH', 'state', 'established', 'dport', '=', ':6443'])).split('\n');
  const connections = lines.map((line) => ({
    port: /\S+:(\d+)\s+\S+:6443\b/.exec(line)?.[1] ?? '',
    bytes: Number(/bytes_acked:(\d+)/.exec(line)?.[1] ?? 0),
  }));
  return connections.toSorted((a, b) => b.bytes - a.bytes)[0]?.port ?? '';
}

export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
