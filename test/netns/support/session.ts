/** A sandbox with a running `mirrord up` in its developer machine. */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import type { Identity, Outcome, Sandbox } from '../../../scripts/sandbox/index.ts';
import type { SessionStatus } from '../../../src/control/protocol.ts';

/** From start to `Ready`; the promise to users is well below. */
const READY_DEADLINE_MS = 15_000;
const END_DEADLINE_MS = 15_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One `mirrord up` in the foreground. */
export class Session {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  output = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  async ready(): Promise<this> {
    const failure = this.ended.then(({ code }) => {
      if (!this.output.includes('Ready.')) throw new Error(`mirrord up ended with ${code}:\n${this.output}`);
    });
    await Promise.race([
      failure,
      poll(
        () => this.output.includes('Ready.'),
        `Ready.`,
        READY_DEADLINE_MS,
        () => this.output,
      ),
    ]);
    return this;
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    const late = delay(END_DEADLINE_MS, undefined, { ref: false }).then(() => {
      throw new Error(`mirrord up did not end after ${signal}:\n${this.output}`);
    });
    return Promise.race([this.ended, late]);
  }
}

export interface UpSettings {
  readonly args?: readonly string[];
  readonly as?: Identity;
}

/** Starts `mirrord up` towards the sandbox's cluster, without waiting for it. */
export function up(sandbox: Sandbox, { args = [], as = 'sudo' }: UpSettings = {}): Session {
  return new Session(
    sandbox.developer.start(sandbox.mirrord, ['up', '-t', `netns/${sandbox.target}`, ...args], { as }),
  );
}

export function mirrord(sandbox: Sandbox, args: readonly string[], as: Identity = 'developer'): Promise<Outcome> {
  return sandbox.developer.run(sandbox.mirrord, args, { as });
}

export async function statuses(sandbox: Sandbox, as: Identity = 'developer'): Promise<SessionStatus[]> {
  const { code, stdout, stderr } = await mirrord(sandbox, ['status', '--json'], as);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { sessions: SessionStatus[] }).sessions;
}

export interface World {
  sandbox: Sandbox;
  session: Session;
  /** Runs a program on the developer machine, as the user; anything but exit 0 is a failure. */
  run(file: string, ...args: string[]): Promise<string>;
  /** The same with a shell line. */
  shell(line: string): Promise<string>;
}

/** Makes a sandbox before the suite's tests, and takes it down after them. */
export function useSandbox(): { sandbox: Sandbox } {
  const world = {} as { sandbox: Sandbox };
  before(async () => {
    world.sandbox = await createSandbox();
  });
  after(() => world.sandbox?.close());
  return world;
}

/** The same with a session that is ready. */
export function useSession(settings: UpSettings = {}): World {
  const world = useSandbox() as World;
  before(async () => {
    world.session = await up(world.sandbox, settings).ready();
  });
  world.run = async (file, ...args) => {
    const { code, stdout, stderr } = await world.sandbox.developer.run(file, args, { as: 'developer' });
    assert.equal(code, 0, `${file} ${args.join(' ')}\n${stderr}${stdout}`);
    return stdout;
  };
  world.shell = (line) => world.run('sh', '-c', line);
  return world;
}

/** Waits until `condition` holds; `detail` is told with the failure. */
export async function poll(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = 5_000,
  detail: () => string = () => '',
): Promise<void> {
  for (const end = Date.now() + deadlineMs; !(await condition()); await delay(20, undefined, { ref: false })) {
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}\n${detail()}`);
  }
}
