/** The process that the agent was put beside: the first of the target container's process namespace. */
import { readFileSync } from 'node:fs';

const FIRST_PID = 1;

/**
 * Its environment as /proc has it (NUL-separated, proc(5)), or null: when the agent is alone in its namespace, and when
 * the kernel does not let it look (another user's process, ptrace(2)).
 */
export function targetEnvironment(): string | null {
  if (process.pid === FIRST_PID) return null;
  try {
    return readFileSync(`/proc/${FIRST_PID}/environ`, 'utf8');
  } catch {
    return null;
  }
}
