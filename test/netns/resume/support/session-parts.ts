/** The processes and the socket of a session in a sandbox, as a test needs them that harms them. */
import { readFileSync, statSync } from 'node:fs';
import { processesIn } from '../../../../scripts/sandbox/leftovers.ts';
import type { Sandbox } from '../../../../scripts/sandbox/index.ts';
import { folderOf } from '../../support/session-place.ts';
import { poll, statuses } from '../../support/session.ts';

export const USER_ID = 4242;

/** As seen from outside of the developer machine. */
export const agentSocket = (sandbox: Sandbox, generation = 1): string =>
  `/proc/${sandbox.developerPid}/root${folderOf(sandbox.developerPid)}/session/agent-${generation}.sock`;

export interface Parts {
  readonly host: number | undefined;
  readonly session: number | undefined;
  readonly guard: number | undefined;
  /** `ip monitor` itself. */
  readonly monitor: number | undefined;
  readonly agent: number | undefined;
}

/** Which of a session's processes live now. */
export function partsOf(sandbox: Sandbox): Parts {
  const here = processesIn(new Set([statSync(`/proc/${sandbox.developerPid}/ns/net`).ino]));
  const there = processesIn(new Set([statSync(`/run/netns/${sandbox.target}`).ino]));
  return {
    host: here.find((pid) => /dist\/mirrord\.js/.test(commandLine(pid))),
    session: here.find((pid) => /dist\/session\.js/.test(commandLine(pid))),
    guard: here.find((pid) => /mirrord-guard/.test(commandLine(pid))),
    monitor: here.find((pid) => commandLine(pid).startsWith('ip\0monitor')),
    agent: there.find((pid) => /agent\.cjs/.test(commandLine(pid))),
  };
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Makes the session lose its connection to the agent without either of them ending: the agent is silent while the
 * machine's network changes, so the session doubts the connection.  `first` runs before.
 */
export async function loseConnection(sandbox: Sandbox, first: () => Promise<void>): Promise<void> {
  const { agent } = partsOf(sandbox);
  if (agent === undefined) throw new Error('there is no agent');
  process.kill(agent, 'SIGSTOP');
  try {
    await first();
    await sandbox.developer.run('ip', ['address', 'add', '192.0.2.99/32', 'dev', 'lo']);
    await poll(async () => (await statuses(sandbox))[0]?.state === 'reconnecting', 'the connection is lost', 10_000);
  } finally {
    process.kill(agent, 'SIGCONT');
    await sandbox.developer.run('ip', ['address', 'del', '192.0.2.99/32', 'dev', 'lo']);
  }
}
