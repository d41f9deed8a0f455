/** `mirrord env`: the target's environment, written for other tools. */
import type { SessionEnvironment } from '../control/answers.ts';
import { writeEnvironment } from '../environment/index.ts';
import type { EnvironmentFormat } from '../environment/index.ts';
import { askRunning } from './ask.ts';
import { err, out } from './output.ts';
import { printableJson } from './printable.ts';

/** The session has it in memory, unless it is still asking the cluster for a Secret. */
const ENVIRONMENT_DEADLINE_MS = 15_000;

export async function sessionEnvironment(name: string): Promise<SessionEnvironment> {
  return (await askRunning(name, 'env', ENVIRONMENT_DEADLINE_MS)) as SessionEnvironment;
}

export async function runEnv(name: string, format: EnvironmentFormat | 'yaml'): Promise<void> {
  const { environment, warnings = [] } = await sessionEnvironment(name);
  for (const warning of warnings) err.entry('warning', '', warning);
  // It holds any text, as JSON does.
  if (format === 'yaml') return out.answer(format, environment, String);
  const { text, omitted, doubtful } = writeEnvironment(new Map(Object.entries(environment)), format);
  // A name of the cluster's may hold anything; on a terminal it must not act.
  for (const { name: variable, reason } of omitted) {
    err.entry('warning', '', `${printableJson(variable)} is left out: ${reason}`);
  }
  if (doubtful.length > 0) {
    const names = doubtful.map(printableJson).join(', ');
    err.entry('warning', '', `some readers of .env files misread ${names} (quotes within quotes); use json or shell`);
  }
  out.data(text);
}
