/** A developer machine, and a namespace with targets in it. */
import assert from 'node:assert/strict';
import type { V1Pod } from '@kubernetes/client-node';
import type { Session } from '../../../../scripts/sandbox/session.ts';
import { poll } from '../../../netns/support/session.ts';
import { dropNamespace, eventually, kubectl, kubectlJson, makeNamespace } from '../../kube/support/cluster.ts';
import type { Developer, RunSettings } from '../../support/developer.ts';
import { useDeveloper } from '../../support/session.ts';
import type { World } from '../../support/session.ts';

const READY_MS = 60_000;

export interface TargetWorld extends World {
  readonly namespace: string;
  readonly developer: Developer;
}

/** Makes `objects` in a namespace of its own before the suite's tests, and waits until their pods are ready. */
export function useTargets(
  objects: () => readonly object[],
  labels: Readonly<Record<string, string>> = {},
): TargetWorld {
  const world = useDeveloper() as TargetWorld & { namespace: string };
  before(async function () {
    this.timeout(READY_MS + 30_000);
    world.namespace = await makeNamespace(labels);
    create(world.namespace, objects());
    await podsReady(world.namespace);
  });
  after(() => {
    if (world.namespace !== undefined) dropNamespace(world.namespace);
  });
  return world;
}

export function create(namespace: string, items: readonly object[]): void {
  if (items.length > 0) kubectl(['create', '-n', namespace, '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
}

/** All pods that are not being deleted are ready, and there is at least one. */
export async function podsReady(namespace: string, selector = ''): Promise<void> {
  const ready = (): boolean => {
    const pods = podsOf(namespace, selector);
    return pods.length > 0 && pods.every((pod) => pod.status?.containerStatuses?.every((status) => status.ready));
  };
  await eventually(`the pods of ${namespace} are ready`, ready, READY_MS);
}

/** Those that are not being deleted. */
export function podsOf(namespace: string, selector = ''): V1Pod[] {
  const { items } = kubectlJson(['get', 'pods', '-n', namespace, '-l', selector]) as { items: V1Pod[] };
  return items.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
}

export const nameOf = (pod: V1Pod | undefined): string => pod?.metadata?.name ?? '';

export const addressesOf = (pod: V1Pod | undefined): string[] => (pod?.status?.podIPs ?? []).map(({ ip }) => ip ?? '');

/** Whom the service `web` of the namespace `home` sees when the developer asks it; empty when it could not be asked. */
export async function seenBy(world: World, family: 'v4' | 'v6', seconds = 10): Promise<string> {
  const address = world.objects.services.web[family];
  const url = `http://${family === 'v4' ? address : `[${address}]`}:8080/`;
  const { stdout } = await world.developer.run('curl', ['-s', '-m', String(seconds), url]);
  return (/ to (?:::ffff:)?([0-9a-f.:]+): /.exec(stdout)?.[1] ?? '').toLowerCase();
}

/** What the service sees in both families is the pod. */
export async function assertSeenAs(world: World, expected: readonly string[]): Promise<void> {
  const seen = [await seenBy(world, 'v4'), await seenBy(world, 'v6')];
  assert.deepEqual(seen, expected);
}

/** A session that ends with the test. */
export async function withSession(
  world: TargetWorld,
  args: readonly string[],
  test: (session: Session) => Promise<void>,
  settings: RunSettings = {},
): Promise<void> {
  const session = world.developer.up(['-n', world.namespace, ...args], settings);
  try {
    await session.ready();
    await test(session);
  } finally {
    await session.end();
  }
}

/** Waits until the session has printed it. */
export function printed(session: Session, line: RegExp, deadlineMs = 10_000): Promise<void> {
  return poll(
    () => line.test(session.output),
    String(line),
    deadlineMs,
    () => session.output,
  );
}
