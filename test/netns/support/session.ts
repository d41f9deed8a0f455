/** A sandbox with a running `mirrord up` in its developer machine. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import type { Identity, Outcome, Sandbox } from '../../../scripts/sandbox/index.ts';
import { up } from '../../../scripts/sandbox/session.ts';
import type { Session, UpSettings } from '../../../scripts/sandbox/session.ts';
import type { SessionStatus } from '../../../src/control/answers.ts';

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

export { up };
