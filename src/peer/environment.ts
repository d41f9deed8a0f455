/** The question for a target's process: which container is meant, and the environment that came of it. */

/** The container that the agent was put beside. */
export interface TargetContainer {
  readonly name: string;
  /** The runtime's, 64 hex digits; empty while there is none. */
  readonly id: string;
  readonly podUid: string;
  /** Its process namespace is the pod's (shareProcessNamespace) or the node's (hostPID): its first process is another's. */
  readonly sharesProcesses: boolean;
}

/** Why there is none: the process is not among those that the agent sees, or may not be looked into (ptrace(2)). */
export type Missing = 'unfound' | 'unreadable';

/** NUL-separated as in /proc (proc(5)). */
export type ProcessEnvironment = { readonly text: string } | { readonly missing: Missing };

const FOUND = 0;
const REASONS: readonly Missing[] = ['unfound', 'unreadable'];

/** One byte, then the text: /proc's bytes go as they are. */
export function encodeEnvironment(environment: ProcessEnvironment): Buffer {
  if ('missing' in environment) return Buffer.of(1 + REASONS.indexOf(environment.missing));
  return Buffer.concat([Buffer.of(FOUND), Buffer.from(environment.text)]);
}

export function decodeEnvironment(body: Buffer): ProcessEnvironment {
  if (body[0] === FOUND) return { text: body.toString('utf8', 1) };
  return { missing: REASONS[(body[0] ?? 0) - 1] ?? 'unfound' };
}
