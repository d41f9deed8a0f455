/** The host's whole life: repair, claim, guard, session, and the way back. */
import { MirrordError } from '../errors.ts';
import type { UpOptions } from '../ipc/protocol.ts';
import { thisMachine } from '../machine/this-machine.ts';
import { End, type EndSignal, type HostEnd, SIGNALS, asMirrordError } from './end.ts';
import { Guard } from './guard.ts';
import { withLock } from './journal/lock.ts';
import { restoreAllLocked } from './journal/recovery.ts';
import { SessionJournal } from './journal/session-journal.ts';
import { type HostHooks, Supervisor } from './supervisor.ts';

/** Never rejects; everything that it has changed is taken back when it resolves. */
export async function runHost(options: UpOptions, hooks: HostHooks): Promise<HostEnd> {
  const end = new End(hooks.progress);
  const signal = (name: NodeJS.Signals): void => {
    if (name === 'SIGHUP' && isUnderNohup(hooks.environment)) return;
    end.interrupt(name as EndSignal);
  };
  for (const name of SIGNALS) process.on(name, signal);
  // The reader of the output may be gone (`--detach`, a closed terminal); the session goes on without.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', unread);
  try {
    return await claimAndRun(options, hooks, end);
  } catch (error) {
    return { outcome: 'failed', error: asMirrordError(error) };
  } finally {
    for (const name of SIGNALS) process.off(name, signal);
    // The streams' listeners stay: what the caller still says may go nowhere as well.
  }
}

async function claimAndRun(options: UpOptions, hooks: HostHooks, end: End): Promise<HostEnd> {
  const machine = thisMachine();
  if (machine.probes.uid() !== 0) {
    throw new MirrordError('permission', 'not-root', 'Only root may create a network interface.', {
      help: 'Run it with sudo: sudo mirrord up. What talks to the cluster still runs as you.',
    });
  }
  const journal = new SessionJournal(machine, options.name);
  const user = await machine.processes.invokingUser(hooks.environment);
  // Before anything is written: who is killed while it holds the lock leaves it behind.
  const guard = new Guard([...machine.restorer.atOnce(journal), ...hooks.restore, journal.name]);
  try {
    const alive = await withLock(machine, async () => {
      for (const { name, notes } of await restoreAllLocked(machine)) {
        const text = [`undid the changes that session ${name} left when it was killed`, ...notes].join('; ');
        hooks.progress({ step: 'repair', state: notes.length === 0 ? 'done' : 'warning', text });
      }
      const owner = journal.owner();
      if (owner === undefined) journal.claim(user);
      return owner;
    });
    if (alive) return { outcome: 'already-up', pid: alive.pid };
    try {
      return await new Supervisor({ machine, journal, user, options, hooks, end }).serve();
    } finally {
      // What had to stay is for a later `down`.
      if (machine.restorer.isDone(journal)) journal.discard();
    }
  } finally {
    await guard.dismiss();
  }
}

/** SIGHUP is bit 0 of the mask that `bin/mirrord` reads before Node changes it. */
const isUnderNohup = (environment: NodeJS.ProcessEnv): boolean =>
  /[13579bdf]$/.test(environment['MIRRORD_IGNORED_SIGNALS'] ?? '');

const unread = (): void => {};
