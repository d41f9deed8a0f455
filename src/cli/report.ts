/**
 * `mirrord report`: one file to attach to a question: versions, doctor, status, log.
 *
 * It is written as the user, readable by no other user, and passes `redact`: the log and doctor have no secrets by their own
 * rules, but they quote other programs.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { arch, release, version as kernelVersion } from 'node:os';
import { MirrordError } from '../errors.ts';
import { type DoctorFlags, examine, showFinding } from './doctor.ts';
import { logLines } from './log-file.ts';
import { formatLogLine } from './log-line.ts';
import { whereItIs } from './logs.ts';
import { Output, out } from './output.ts';
import { printable } from './printable.ts';
import { redact } from './redact.ts';
import { formatSessions, gatherSessions, readerHere } from './status.ts';

/** Of the log's end: what led to a failure, and the start before it. */
const LOG_LINES = 1_000;

export interface ReportSettings {
  /** As `mirrord version` has it. */
  readonly version: string;
  readonly doctor: DoctorFlags;
  readonly name: string;
  /** Undefined: a new one in this folder, with the time in its name. */
  readonly file: string | undefined;
}

export async function runReport({ version, doctor, name, file }: ReportSettings): Promise<void> {
  // In this order: doctor looks at what only root sees, and has become the user when it is done.
  const findings = await doctorSection(doctor, name);
  const sections = [
    ['versions', versionsSection(version)],
    ['doctor', findings],
    ['status', await statusSection()],
    ['log', await logSection(name)],
  ] as const;
  const text = sections.map(([title, body]) => `== ${title}\n\n${body.trimEnd()}\n`).join('\n');
  const path = file ?? `mirrord-report-${timestamp(new Date())}.txt`;
  await write(path, redact(printable(text)));
  out.line(`${path} contains versions, doctor, status and the end of the log.`);
  out.line('It holds no secrets, but names and addresses of the cluster: read it before you attach it.');
}

function versionsSection(version: string): string {
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readOrEmpty('/etc/os-release'))?.[1] ?? 'unknown';
  return [version, `Linux ${release()} ${arch()} (${kernelVersion()})`, system].join('\n');
}

async function doctorSection(flags: DoctorFlags, name: string): Promise<string> {
  let text = '';
  const page = new Output({ write: (part) => (text += String(part)) }, { LANG: 'C.UTF-8' });
  for await (const finding of examine(flags, name)) showFinding(page, finding);
  return text;
}

async function statusSection(): Promise<string> {
  try {
    const shown = await gatherSessions(undefined, { allNamespaces: true });
    return formatSessions(shown, await readerHere());
  } catch (error) {
    return String(error); // one that hangs is worth a report as well
  }
}

async function logSection(name: string): Promise<string> {
  const lines: string[] = [];
  try {
    for await (const line of logLines(await whereItIs(name), false)) {
      lines.push(formatLogLine(line));
      if (lines.length > LOG_LINES) lines.shift();
    }
  } catch (error) {
    lines.push(String(error));
  }
  return lines.join('\n');
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new MirrordError(
      'usage',
      'report-not-written',
      `The report cannot be written: ${(error as Error).message}.`,
      {
        help: 'Name a new file in a folder of your own with --file.',
        cause: error,
      },
    );
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** `20260102-203340`. */
const timestamp = (date: Date): string => date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
