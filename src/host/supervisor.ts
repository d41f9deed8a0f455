/** One session from its TUN to its end: what it asks is answered, what it says is passed on, and all is taken back. */
import { closeSync } from 'node:fs';
import { MirrordError, describeError } from '../errors.ts';
import type { PathChange, Progress, Ready, Remain, UpOptions } from '../ipc/protocol.ts';
import type { Machine, OpenTun } from '../machine/machine.ts';
import type { SessionMachine, Watch } from '../machine/session-machine.ts';
import type { User } from '../machine/user.ts';
import { checkRequest, dispatch } from './dispatch.ts';
import { type Cause, type End, type HostEnd, asMirrordError } from './end.ts';
import { withLock } from './journal/lock.ts';
import type { SessionJournal } from './journal/session-journal.ts';
import { type Message, describeRemain } from './messages.ts';
import { Host } from './operations.ts';
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

/** What a session is made of. */
export interface SessionParts {
  readonly machine: Machine;
  /** Claimed. */
  readonly journal: SessionJournal;
  readonly user: User;
  readonly options: UpOptions;
  readonly hooks: HostHooks;
  readonly end: End;
}

export class Supervisor {
  readonly #parts: SessionParts;
  readonly #tun: OpenTun;
  readonly #machine: SessionMachine;
  readonly #host: Host;
  readonly #session: SessionProcess;
  #isEnding = false;
  /** The facts that the session has been told last. */
  #known = '';
  /** What the session has in the cluster. */
  #remains: readonly Remain[] = [];

  /** Starts the session, which waits to be told what for.  Nothing has to be taken back when it throws. */
  constructor(parts: SessionParts) {
    const { machine, journal, user, options, hooks } = parts;
    const { environment, cwd, stdin, output, reader, agentBundle } = hooks;
    this.#parts = parts;
    const asUser = machine.processes.asUser(user);
    this.#tun = machine.openTun();
    try {
      const lost = (error: MirrordError): void => this.#fail(error);
      this.#machine = machine.open({ journal, tun: this.#tun.name, user, environment, reader, lost });
      this.#host = new Host({
        machine: this.#machine,
        alone: (work) => withLock(machine, work),
        agentBundle,
        told: options.target,
        dns: options.dns,
        output,
      });
      this.#session = new SessionProcess({
        command: hooks.session,
        asUser,
        user,
        environment,
        cwd,
        stdin,
        tunFd: this.#tun.fd,
        output,
        message: (message) => this.#receive(message),
        ended: lost,
      });
    } finally {
      // From here on the TUN lives as long as the session does.
      closeSync(this.#tun.fd);
    }
  }

  /** Resolves when all is taken back; rejects when something had to stay. */
  async serve(): Promise<HostEnd> {
    const watch = this.#start();
    const cause = await this.#parts.end.promise;
    this.#isEnding = true;
    const notes = await this.#takeBack(watch);
    for (const text of notes) this.#parts.hooks.progress({ step: 'repair', state: 'warning', text });
    return cause.outcome === 'failed' ? this.#explained(cause) : { ...cause, isAsBefore: notes.length === 0 };
  }

  #start(): Watch | undefined {
    const { machine, journal, user, options, hooks } = this.#parts;
    const { cwd, agentBundle, environment } = hooks;
    let watch: Watch | undefined;
    try {
      watch = this.#machine.watch(() => void this.#reread());
      this.#machine.routes.prepare();
      // It opens no socket before it has been told to start.
      if (this.#session.pid !== undefined) this.#machine.keepOutside(this.#session.pid);
      this.#session.send({
        type: 'start',
        options,
        tun: { name: this.#tun.name, fd: SESSION_TUN_FD },
        folder: journal.sessionFolder,
        cwd,
        agentBundle,
        environment: machine.processes.takenEnvironment(user, environment),
      });
    } catch (error) {
      // There is a session by now, which has to end in order.
      this.#fail(asMirrordError(error));
    }
    return watch;
  }

  #receive(message: Exclude<Message, { type: 'released' }>): void {
    const { hooks, end } = this.#parts;
    switch (message.type) {
      case 'request':
        void this.#answer(message.id, message.request);
        return;
      case 'progress':
        // Once all is being taken back it may see its agent go, which is not news.
        if (!this.#isEnding) hooks.progress(message.progress);
        return;
      case 'ready':
        // It had said so before it heard of the end.
        if (this.#isEnding) return;
        end.isReady = true;
        hooks.ready(message.ready);
        return;
      case 'path':
        if (!this.#isEnding) hooks.path(message.change);
        return;
      case 'failed':
        this.#fail(MirrordError.fromDescription(message.error));
        return;
      case 'remains':
        this.#remains = message.remains;
        return;
      case 'interrupted':
        end.interrupt('SIGTERM');
        return;
      case 'down':
        end.resolve({ outcome: 'stopped' });
    }
  }

  async #answer(id: number, asked: Fields): Promise<void> {
    try {
      const request = checkRequest(asked);
      const value = await dispatch(this.#host, request, this.#parts.journal.sessionFolder);
      this.#session.send({ type: 'reply', id, value: value ?? null });
      if (request.op === 'facts') this.#known = JSON.stringify(value);
    } catch (error) {
      this.#session.send({ type: 'refusal', id, error: describeError(error) });
    }
  }

  async #reread(): Promise<void> {
    try {
      const facts = await this.#host.changed();
      const text = JSON.stringify(facts);
      // A file that was written twice alike, with ours between them that was never read, is not as it was.
      if (text !== this.#known || facts.dns.overwritten) this.#session.send({ type: 'changed', facts });
      this.#known = text;
    } catch (error) {
      // Stopping, or a machine in the middle of its own change: the next event reads it again.
      this.#parts.hooks.output(`host: ${(error as Error).message}\n`);
    }
  }

  #fail(error: MirrordError): void {
    this.#parts.end.resolve({ outcome: 'failed', error });
  }

  /** Resolves to what stays, on this machine and in the cluster. */
  async #takeBack(watch: Watch | undefined): Promise<readonly string[]> {
    // In this order: its resets need the routes.
    await this.#session.release();
    const watchEnded = watch?.close();
    const undone = await this.#host.close().then(
      (notes) => ({ notes }),
      (error: unknown) => ({ error: asMirrordError(error) }),
    );
    await Promise.all([this.#session.stop(), watchEnded]);
    this.#host.stopAgents();
    const stayed = this.#machine.close();
    if ('error' in undone) throw undone.error;
    return [...undone.notes, ...stayed, ...this.#remains.map(describeRemain)];
  }

  async #explained(cause: Extract<Cause, { outcome: 'failed' }>): Promise<HostEnd> {
    if (cause.error.code !== 'session-died') return cause;
    const { machine, user, hooks } = this.#parts;
    // Asked only now: hardly any start needs the answer, and each would wait for it.
    return { ...cause, error: (await machine.processes.unreadable(user, hooks.session)) ?? cause.error };
  }
}
