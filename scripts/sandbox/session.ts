/** One `mirrord up` in the foreground of a developer machine. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Identity } from './machine.ts';
import type { Sandbox } from './index.ts';

/** From start to `Ready`; on Kubernetes an image may have to be pulled. */
const READY_DEADLINE_MS = 60_000;
const END_DEADLINE_MS = 20_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface UpSettings {
  readonly args?: readonly string[];
  readonly as?: Identity;
  /** Told everything that it prints, as it comes. */
  readonly onOutput?: (text: string) => void;
}

export class Session {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** Standard output and error so far. */
  output = '';
  readonly #ready = Promise.withResolvers<void>();

  constructor(child: ChildProcessWithoutNullStreams, onOutput: (text: string) => void = () => undefined) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        onOutput(text);
        if (/^Ready\./m.test(this.output)) this.#ready.resolve();
      });
    }
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  async ready(): Promise<this> {
    const first = await Promise.race([
      this.#ready.promise.then(() => 'ready'),
      this.ended.then(({ code, signal }) => `ended with ${code ?? signal}`),
      delay(READY_DEADLINE_MS, `was not ready in ${READY_DEADLINE_MS / 1000} s`, { ref: false }),
    ]);
    if (first !== 'ready') throw new Error(`mirrord up ${first}:\n${this.output}`);
    return this;
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    const result = await Promise.race([this.ended, delay(END_DEADLINE_MS, undefined, { ref: false })]);
    if (result === undefined) throw new Error(`mirrord up did not end after ${signal}:\n${this.output}`);
    return result;
  }
}

/** Starts `mirrord up` towards the sandbox's cluster, without waiting for it. */
export function up(sandbox: Sandbox, { args = [], as = 'sudo', onOutput }: UpSettings = {}): Session {
  const child = sandbox.developer.start(sandbox.mirrord, ['up', '-t', `netns/${sandbox.target}`, ...args], { as });
  return new Session(child, onOutput);
}
