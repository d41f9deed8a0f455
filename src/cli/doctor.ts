/** `mirrord doctor`: shows findings as they come, and fails when one did. */
import { closeSync, openSync } from 'node:fs';
import { agentOptions, clusterOptions, loadConfig } from '../config/index.ts';
import type { RoundTrip } from '../control/answers.ts';
import { askSession } from '../control/client.ts';
import { sessionHere } from '../control/session-folder.ts';
import { CLUSTER_CHECKS, DNS_CHECKS, Examination, KubernetesProbe, MACHINE_CHECKS } from '../doctor/index.ts';
import { defined } from '../defined.ts';
import type { DoctorContext, Finding } from '../doctor/index.ts';
import { EXIT, MirrordError } from '../errors.ts';
import { thisSystem } from '../machine/linux/system/system.ts';
import { becomeInvokingUser } from './invoking-user.ts';
import { pasteable } from './invocation.ts';
import { listed } from './listed.ts';
import { whoMayBeTold } from './oneself.ts';
import type { Format } from './output-format.ts';
import { type Output, out } from './output.ts';

/** All in all: each question has a deadline of its own, and most never need it. */
const DOCTOR_DEADLINE_MS = 120_000;

/** How the checks of single rights begin. */
const RIGHT = 'right-';

/** More titles than this are counted, not listed. */
const LISTED = 3;

export interface DoctorFlags {
  readonly namespace?: string | undefined;
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly 'config-file'?: string | undefined;
  readonly 'accept-invalid-certificates': boolean;
}

/** One after the other.  It is root who looks at this machine, where root called; the cluster is the user's to ask. */
export async function* examine(flags: DoctorFlags, name: string): AsyncGenerator<Finding> {
  const signal = AbortSignal.timeout(DOCTOR_DEADLINE_MS);
  const configuration = once(() => configure(flags));
  const cluster = new KubernetesProbe(async () => clusterOptions((await configuration()).config, process.cwd()));
  const context: DoctorContext = {
    system: thisSystem(),
    openTunDevice,
    configuration: {
      load: async () => {
        const { file, notices, warnings, config } = await configuration();
        return { file, notices, warnings, image: agentOptions(config).image };
      },
    },
    cluster,
    session: { name, roundTrip: (until) => roundTrip(name, until) },
  };
  const examination = new Examination(context);
  yield* examination.run([...MACHINE_CHECKS, ...DNS_CHECKS], signal);
  // What is left talks to a network or runs a credential plugin: never as root.
  Object.assign(process.env, await becomeInvokingUser());
  try {
    yield* examination.run(CLUSTER_CHECKS, signal);
  } finally {
    cluster.close();
  }
}

export async function runDoctor(flags: DoctorFlags, name: string, format: Format): Promise<void> {
  const findings: Finding[] = [];
  const fixes = new Set<string>();
  const rights: Finding[] = [];
  const take = (found: Finding): void => {
    const finding = { ...found, detail: pasteable(found.detail), fix: pasteable(found.fix) };
    findings.push(finding);
    // What was passed over is gathered below: twenty lines about one missing kubeconfig hide the one that matters.
    if (format !== 'table' || finding.state === 'skipped') return;
    if (finding.id.startsWith(RIGHT)) {
      rights.push(finding);
      if (finding.state === 'ok') return;
    } else out.text(formatRights(rights.splice(0)));
    // Once is enough: one binding mends all rights.
    showFinding(out, fixes.has(finding.fix) ? { ...finding, fix: '' } : finding);
    fixes.add(finding.fix);
  };
  for await (const finding of examine(flags, name)) take(finding);
  const count = findings.filter(({ state }) => state === 'failed').length;
  const rest = `${formatRights(rights)}${formatSkipped(findings)}`;
  const verdict = count === 0 ? 'Everything that a session needs is there.' : `${count} failed.`;
  await out.answer(format, { checks: findings }, () => `${rest}\n${verdict}\n`);
  process.exitCode = count === 0 ? EXIT.ok : EXIT.findings;
}

export function showFinding(output: Output, { state, title, detail, fix }: Finding): void {
  output.entry(state === 'ok' ? 'done' : state, '', `${title}: ${detail}`);
  for (const line of fix.split('\n')) if (line !== '') output.text(`    → ${line}\n`);
}

/** One line for all rights that are there; those that are missing are told one by one. */
export function formatRights(rights: readonly Finding[]): string {
  const there = rights.filter(({ state }) => state === 'ok').length;
  if (there === 0) return '';
  return `✔ rights: ${there === rights.length ? `all ${there}` : `${there} of ${rights.length}`} are there\n`;
}

/** One line for each reason to pass checks over. */
export function formatSkipped(findings: readonly Finding[]): string {
  const skipped = Map.groupBy(
    findings.filter(({ state }) => state === 'skipped'),
    ({ detail }) => detail,
  );
  return [...skipped]
    .map(
      ([detail, those]) =>
        `- ${listed(
          those.map(({ title }) => title),
          LISTED,
        )}: ${detail}\n`,
    )
    .join('');
}

function configure(flags: DoctorFlags): ReturnType<typeof loadConfig> {
  const { namespace, context, kubeconfig } = flags;
  const configFile = flags['config-file'];
  return loadConfig({
    flags: {
      ...defined({ namespace, context, kubeconfig, configFile }),
      overrides: flags['accept-invalid-certificates'] ? { accept_invalid_certificates: true } : {},
    },
    env: process.env,
    cwd: process.cwd(),
  });
}

/** Opening makes no interface: that takes an ioctl more. */
function openTunDevice(): NodeJS.ErrnoException | undefined {
  try {
    closeSync(openSync('/dev/net/tun', 'r+'));
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

async function roundTrip(name: string, signal: AbortSignal): Promise<number | null> {
  try {
    const answer = await askSession(sessionHere(name), 'ping', undefined, signal, await whoMayBeTold());
    return Number((answer as RoundTrip | null)?.rtt_ms);
  } catch (error) {
    if (error instanceof MirrordError && error.code === 'session-not-running') return null;
    throw error;
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
