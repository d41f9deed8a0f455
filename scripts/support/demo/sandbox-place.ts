/** The embedded default: a "cluster" in a network namespace. */
import { service } from '../../sandbox/addresses.ts';
import { createSandbox } from '../../sandbox/index.ts';
import { up } from '../../sandbox/session.ts';
import type { Place } from './place.ts';

export async function openSandboxPlace(): Promise<Place> {
  const sandbox = await createSandbox();
  return {
    introduction: 'Two network namespaces of this machine: a "cluster" and a "developer machine". No wire joins them.',
    developer: sandbox.developer,
    mirrord: sandbox.mirrord,
    up: (onOutput) => up(sandbox, { onOutput }),
    upArguments: `-t netns/${sandbox.target}`,
    greeting: 'db.prod.svc 5432',
    address: service(1).v4,
    close: () => sandbox.close(),
  };
}
