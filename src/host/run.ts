/** The host's whole life: repair, claim, TUN, session, requests, and the way back. */
import { closeSync } from 'node:fs';
import { MirrordError, describeError } from '../errors.ts';
import type { PathChange, Progress, Ready, Remain, UpOptions } from '../ipc/protocol.ts';
import type { Machine } from '../machine/machine.ts';
import type { SessionMachine, Watch } from '../machine/session-machine.ts';
import { thisMachine } from '../machine/this-machine.ts';
import type { User } from '../machine/user.ts';
import { type Cause, End, type EndSignal, SIGNALS } from './end.ts';
import { Guard } from './guard.ts';
import { withLock } from './journal/lock.ts';
import { restoreAllLocked } from './journal/recovery.ts';
import { SessionJournal } from './journal/session-journal.ts';
import { type Message, describeRemain } from './messages.ts';
import { Host } from './operations.ts';
import { checkRequest, dispatch } from './dispatch.ts';
import { SESSION_TUN_FD, SessionProcess } from './session-process.ts';
import type { Fields } from './unchecked.ts';

export interface HostHooks {
  /** Program and arguments of the session process. */
  readonly session: readonly string[];
  /** Program and arguments that restore a session; its name is added. */
  readonly restore: readonly string[];
  /** Program and arguments of `read-entry.ts`. */
  readonly reader: readonly string[];
  /** The agent's bundle, for targets on this machine. */
  readonly agentBundle: string;
  readonly stdin: 'inherit' | 'ignore';
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: (progress: Progress) => void;
  readonly ready: (ready: Ready) => void;
  readonly path: (change: PathChange) => void;
  /** What the session and its agents write to their standard output and error. */
  readonly output: (text: string) => void;
}

export type HostEnd =
  /** `isAsBefore`: nothing is left on this machine or in the cluster; what is, `progress` has told. */
  | (Exclude<Cause, { outcome: 'failed' }> & { readonly isAsBefore: boolean })
  | Extract<Cause, { outcome: 'failed' }>
  /** A session of this name lives already; nothing was changed. */
  | { readonly outcome: 'already-up'; readonly pid: number };

/** Never rejects; everything that it has changed is taken back when it resolves. */
export async function runHost(options: UpOptions, hooks: HostHooks): Promise<HostEnd> {
  const end = new End(hooks.progress);
  const signal = (name: NodeJS.Signals): void => {
    if (name === 'SIGHUP' && isUnderNohup(hooks.environment)) return;
    end.interrupt(name as EndSignal);
  };
  for (const name of SIGNALS) process.on(name, signal);
  // Whoever read the output may be gone (`--detach`, a closed terminal); the session goes on without.
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
    throw new MirrordError('permission', 'not-root', 'mirrord must be root to make a network interface.', {
      help: 'Run it with sudo: sudo mirrord up.  What talks to the cluster runs as you all the same.',
    });
  }
  const journal = new SessionJournal(machine, options.name);
  const user = await machine.processes.invokingUser(hooks.environment);
  // Before anything is written: who is killed while it holds the lock leaves it behind.
  const guard = new Guard([...machine.restorer.atOnce(journal), ...hooks.restore, journal.name]);
  try {
    const alive = await withLock(machine, async () => {
      for (const { name, notes } of await restoreAllLocked(machine)) {
        const text = [`restored what session ${name} left behind when it was killed`, ...notes].join('; ');
        hooks.progress({ step: 'repair', state: notes.length === 0 ? 'done' : 'warning', text });
      }
      const owner = journal.owner();
      if (owner === undefined) journal.claim(user);
      return owner;
    });
    if (alive) return { outcome: 'already-up', pid: alive.pid };
    try {
      return await serve(machine, journal, options, hooks, user, end);
    } finally {
      // What had to stay is for a later `down`.
      if (machine.restorer.isDone(journal)) journal.discard();
    }
  } finally {
    await guard.dismiss();
  }
}

async function serve(
  machine: Machine,
  journal: SessionJournal,
  options: UpOptions,
  hooks: HostHooks,
  user: User,
  end: End,
): Promise<HostEnd> {
  const fail = (error: MirrordError): void => end.resolve({ outcome: 'failed', error });
  const { environment, cwd, output, reader, agentBundle } = hooks;
  const asUser = machine.processes.asUser(user);
  const tun = machine.openTun();
  let changed: SessionMachine;
  let session: SessionProcess;
  let host: Host;
  let ending = false;
  /** The facts that the session has been told last. */
  let known = '';
  /** What the session has in the cluster. */
  let remains: readonly Remain[] = [];
  try {
    changed = machine.open({ journal, tun: tun.name, user, environment, reader, lost: fail });
    host = new Host({
      machine: changed,
      alone: (work) => withLock(machine, work),
      agentBundle,
      told: options.target,
      dns: options.dns,
      output,
    });
    session = new SessionProcess({
      command: hooks.session,
      asUser,
      user,
      environment,
      cwd,
      stdin: hooks.stdin,
      tunFd: tun.fd,
      output,
      message: (message) => receive(message),
      ended: fail,
    });
  } finally {
    // From here on the TUN lives as long as the session does.
    closeSync(tun.fd);
  }

  function receive(message: Exclude<Message, { type: 'released' }>): void {
    switch (message.type) {
      case 'request':
        void answer(message.id, message.request);
        return;
      case 'progress':
        // Once all is being taken back it may see its agent go, which is no news.
        if (!ending) hooks.progress(message.progress);
        return;
      case 'ready':
        // It had said so before it heard of the end.
        if (ending) return;
        end.isReady = true;
        hooks.ready(message.ready);
        return;
      case 'path':
        if (!ending) hooks.path(message.change);
        return;
      case 'failed':
        fail(MirrordError.fromDescription(message.error));
        return;
      case 'remains':
        remains = message.remains;
        return;
      case 'interrupted':
        end.interrupt('SIGTERM');
        return;
      case 'down':
        end.resolve({ outcome: 'stopped' });
    }
  }

  async function answer(id: number, asked: Fields): Promise<void> {
    try {
      const request = checkRequest(asked);
      const value = await dispatch(host, request, journal.sessionFolder);
      session.send({ type: 'reply', id, value: value ?? null });
      if (request.op === 'facts') known = JSON.stringify(value);
    } catch (error) {
      session.send({ type: 'refusal', id, error: describeError(error) });
    }
  }

  const reread = async (): Promise<void> => {
    try {
      const facts = await host.changed();
      const text = JSON.stringify(facts);
      // A file that was written twice alike, with ours between them that nobody has read, is not as it was.
      if (text !== known || facts.dns.overwritten) session.send({ type: 'changed', facts });
      known = text;
    } catch (error) {
      // Stopping, or a machine in the middle of its own change: the next event reads it again.
      output(`host: ${(error as Error).message}\n`);
    }
  };
  let watch: Watch | undefined;
  try {
    watch = changed.watch(() => void reread());
    changed.routes.prepare();
    // It opens no socket before it has been told to start.
    if (session.pid !== undefined) changed.keepOutside(session.pid);
    session.send({
      type: 'start',
      options,
      tun: { name: tun.name, fd: SESSION_TUN_FD },
      folder: journal.sessionFolder,
      cwd,
      agentBundle,
      environment: machine.processes.takenEnvironment(user, environment),
    });
  } catch (error) {
    // There is a session by now, which has to end in order.
    fail(asMirrordError(error));
  }
  const result = await end.promise;
  ending = true;

  // In this order: its resets need the routes.
  await session.release();
  const watchEnded = watch?.close();
  const undone = await host.close().then(
    (notes) => ({ notes }),
    (error: unknown) => ({ error: asMirrordError(error) }),
  );
  await Promise.all([session.stop(), watchEnded]);
  host.stopAgents();
  const stayed = changed.close();
  if ('error' in undone) throw undone.error;
  const notes = [...undone.notes, ...stayed, ...remains.map(describeRemain)];
  for (const text of notes) hooks.progress({ step: 'repair', state: 'warning', text });
  if (result.outcome !== 'failed') return { ...result, isAsBefore: notes.length === 0 };
  if (result.error.code !== 'session-died') return result;
  // Asked only now: hardly any start needs the answer, and each would wait for it.
  return { ...result, error: (await machine.processes.unreadable(user, hooks.session)) ?? result.error };
}

/** SIGHUP is bit 0 of the mask that `bin/mirrord` reads before Node changes it. */
const isUnderNohup = (environment: NodeJS.ProcessEnv): boolean =>
  /[13579bdf]$/.test(environment['MIRRORD_IGNORED_SIGNALS'] ?? '');

const unread = (): void => {};

function asMirrordError(error: unknown): MirrordError {
  return error instanceof MirrordError ? error : MirrordError.fromDescription(describeError(error));
}
