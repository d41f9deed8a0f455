/** `mirrord verify-config`: what is wrong with a file, found without a cluster. */
import { type Verification, verifyConfig } from '../config/index.ts';
import { EXIT } from '../errors.ts';
import type { Format } from './output-format.ts';
import { out } from './output.ts';

export interface VerifySettings {
  readonly resolved: boolean;
  readonly format: Format;
  /** Whether a wrong file is told by the exit code, too. */
  readonly exitCode: boolean;
}

export async function runVerifyConfig(file: string, { resolved, format, exitCode }: VerifySettings): Promise<void> {
  const stdin = () => process.stdin;
  const verification = await verifyConfig(file, { resolved, env: process.env, cwd: process.cwd(), stdin });
  await out.answer(format, verification, formatVerification);
  if (exitCode && verification.type === 'Fail') process.exitCode = EXIT.findings;
}

export function formatVerification(verification: Verification): string {
  if (verification.type === 'Fail') return verification.errors.map((error) => `✘ ${error}\n`).join('');
  const { path } = verification.config;
  const target = path === null ? 'open' : typeof path === 'string' ? path : Object.entries(path).flat().join('/');
  return [...verification.warnings.map((warning) => `! ${warning}`), `✔ good; target: ${target}`, ''].join('\n');
}
