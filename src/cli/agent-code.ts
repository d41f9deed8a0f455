/** `mirrord agent-code`: what an auditor compares with a pod's spec. */
import { readFile } from 'node:fs/promises';
import { codeHash } from '../agent/code-hash.ts';
import { out } from './output.ts';
import { AGENT_BUNDLE } from './programs.ts';

export async function runAgentCode(hashOnly: boolean): Promise<void> {
  const code = await readFile(AGENT_BUNDLE);
  out.data(hashOnly ? `${codeHash(code)}\n` : code);
}
