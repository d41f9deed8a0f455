import assert from 'node:assert/strict';
import type { Developer } from '../support/developer.ts';
import { openDeveloper } from '../support/session.ts';
import { pod } from './support/objects.ts';
import { addressesOf, assertSeenAs, podsOf, useTargets, withSession } from './support/world.ts';

const RESTRICTED = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  allowPrivilegeEscalation: false,
};

describe('mirrord up -t, places', () => {
  const world = useTargets(
    () => [
      pod('plain', {
        spec: { securityContext: RESTRICTED.securityContext },
        container: {
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      }),
      // Nothing in it but one program: no shell, no Node, no libraries.
      pod('bare', {
        spec: { securityContext: RESTRICTED.securityContext },
        container: {
          image: 'registry.k8s.io/pause:3.10',
          command: ['/pause'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      }),
    ],
    { 'pod-security.kubernetes.io/enforce': 'restricted' },
  );

  const addresses = (app: string): string[] => addressesOf(podsOf(world.namespace, `app=${app}`)[0]);

  it('a namespace that enforces the Pod Security Standard restricted', async () => {
    await withSession(world, ['-t', 'pod/plain'], () => assertSeenAs(world, addresses('plain')));
  });

  it('an image without a shell', async () => {
    await withSession(world, ['-t', 'pod/bare'], () => assertSeenAs(world, addresses('bare')));
  });

  describe('a pod that two developers share', () => {
    let second: Developer;
    before(async () => {
      second = await openDeveloper();
    });
    after(() => second?.close());

    it('both sessions work, and one goes on when the other ends', async () => {
      const other = { ...world, developer: second };
      await withSession(world, ['-t', 'pod/plain'], async () => {
        await withSession(other, ['-t', 'pod/plain'], async () => {
          await Promise.all([assertSeenAs(world, addresses('plain')), assertSeenAs(other, addresses('plain'))]);
        });
        await assertSeenAs(world, addresses('plain'));
      });
      assert.equal((await second.mirrordRun(['status'])).stdout, 'not running\n');
    });
  });
});
