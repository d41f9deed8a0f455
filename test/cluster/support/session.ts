/** Developer machines, sessions and their mocha hooks. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Session } from '../../../scripts/sandbox/session.ts';
import type { SessionStatus } from '../../../src/control/answers.ts';
import { ADMIN, writeKubeconfig } from '../kube/support/cluster.ts';
import { Developer, HOME } from './developer.ts';
import { workloads } from './workloads.ts';
import type { Workloads } from './workloads.ts';

/** Each step of a hook waits for real pods and processes. */
const HOOK_MS = 90_000;

export interface World {
  readonly developer: Developer;
  readonly objects: Workloads;
}

export interface SessionWorld extends World {
  readonly session: Session;
  /** Runs a program on the developer machine, as the user; anything but exit 0 is a failure. */
  run(file: string, ...args: string[]): Promise<string>;
}

/** The administrator's kubeconfig, in the user's own place. */
export async function openDeveloper(): Promise<Developer> {
  const developer = await Developer.open();
  developer.write(`${HOME}/.kube/config`, readFileSync(ADMIN, 'utf8'));
  return developer;
}

/** The cluster's address and trust with another user, in the context `test`; `cluster` overrides fields of the cluster. */
export function writeUserKubeconfig(developer: Developer, path: string, user: object, cluster: object = {}): string {
  return developer.write(path, readFileSync(writeKubeconfig({ ...user }, 'default', { ...cluster }), 'utf8'));
}

/** A developer machine for this suite alone, and the common workloads. */
export function useDeveloper(): World {
  const world = {} as { developer: Developer; objects: Workloads };
  before(async function () {
    this.timeout(HOOK_MS);
    world.objects = await workloads();
    world.developer = await openDeveloper();
  });
  after(async function () {
    this.timeout(HOOK_MS);
    await world.developer?.close();
  });
  return world;
}

let shared: Promise<{ developer: Developer; session: Session }> | undefined;

/** A session in the namespace `home`, which every file that only looks through it shares. */
export function useSession(): SessionWorld {
  const world = {} as { developer: Developer; objects: Workloads; session: Session; run: SessionWorld['run'] };
  before(async function () {
    this.timeout(HOOK_MS);
    world.objects = await workloads();
    shared ??= openShared(world.objects.home);
    Object.assign(world, await shared);
  });
  world.run = async (file, ...args) => {
    const { code, stdout, stderr } = await world.developer.run(file, args);
    assert.equal(code, 0, `${file} ${args.join(' ')}\n${stderr}${stdout}`);
    return stdout;
  };
  return world;
}

async function openShared(namespace: string): Promise<{ developer: Developer; session: Session }> {
  const developer = await openDeveloper();
  try {
    return { developer, session: await developer.up(['-n', namespace]).ready() };
  } catch (error) {
    await developer.close();
    throw error;
  }
}

after(async function () {
  this.timeout(HOOK_MS);
  const open = await shared?.catch(() => undefined);
  if (open === undefined) return;
  await open.session.end();
  await open.developer.close();
});

export async function statuses(developer: Developer): Promise<SessionStatus[]> {
  const { code, stdout, stderr } = await developer.mirrordRun(['status', '--json']);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { sessions: SessionStatus[] }).sessions;
}
