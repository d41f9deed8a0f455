import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { poll } from '../../netns/support/session.ts';
import { kubectl } from '../kube/support/cluster.ts';
import { statuses } from '../support/session.ts';
import { workload } from './support/objects.ts';
import {
  addressesOf,
  assertSeenAs,
  nameOf,
  podsOf,
  printed,
  seenBy,
  useTargets,
  withSession,
} from './support/world.ts';

const HOLD = join(import.meta.dirname, 'support/hold.ts');
/** What is promised: new flows use the new pod so long after it is ready. */
const FOLLOW_MS = 5_000;
const READY_MS = 30_000;

describe("mirrord up -t, when the target's pod goes", () => {
  const world = useTargets(() => [
    workload('Deployment', 'roll'),
    workload('StatefulSet', 'store'),
    workload('Deployment', 'slow', {
      // Deaf to SIGTERM: the pod stays until its grace is over.
      container: { command: ['sh', '-c', "trap '' TERM; while :; do sleep 1; done"] },
      spec: { terminationGracePeriodSeconds: 90 },
    }),
  ]);
  const args = (...more: string[]): string[] => [...more, '-n', world.namespace];
  const evict = (name: string): void => {
    const path = `/api/v1/namespaces/${world.namespace}/pods/${name}/eviction`;
    kubectl(['create', '--raw', path, '-f', '-'], { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });
  };

  /** A connection through the session as it is. */
  async function hold(): Promise<{ readonly ended: Promise<string> }> {
    const { developer, objects } = world;
    const child = developer.machine.start(process.execPath, [HOLD, objects.services.web.v4, '7'], { as: 'developer' });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await poll(() => output.startsWith('open\n'), 'the connection stands', 10_000);
    return { ended: once(child, 'close').then(() => output.slice('open\n'.length).trim()) };
  }

  /** When the one pod of `app` that is not `old` was seen ready first. */
  async function successor(app: string, old: string): Promise<{ addresses: string[]; name: string; readyAt: number }> {
    const ready = () => {
      const [pod] = podsOf(world.namespace, `app=${app}`).filter((each) => each.metadata?.uid !== old);
      return pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
        ? pod
        : undefined;
    };
    await poll(() => ready() !== undefined, `${app} has a new pod`, READY_MS);
    const pod = ready();
    return { addresses: addressesOf(pod), name: nameOf(pod), readyAt: performance.now() };
  }

  const uidOf = (app: string): string => podsOf(world.namespace, `app=${app}`)[0]?.metadata?.uid ?? '';

  /** Lets `change` take the pod of `app` away, and sees that all is as promised. */
  async function assertFollows(app: string, change: (pod: string) => void): Promise<string> {
    const [old] = podsOf(world.namespace, `app=${app}`);
    const uid = uidOf(app);
    await assertSeenAs(world, addressesOf(old));
    const { ended } = await hold();
    change(nameOf(old));
    const asked = Promise.all([
      ended,
      // Both begin while there may be no agent, and wait for it.
      world.developer.run('getent', ['ahosts', `web.${world.objects.home}`], { timeoutMs: READY_MS }),
    ]);
    const next = await successor(app, uid);
    let seen = '';
    await poll(
      async () => (seen = await seenBy(world, 'v4')) === next.addresses[0],
      'new flows use it',
      FOLLOW_MS,
      () => seen,
    );
    const after = performance.now() - next.readyAt;
    assert.ok(after < FOLLOW_MS, `${after} ms`);
    const names = await world.developer.run('getent', ['ahosts', `web.${world.objects.home}`]);
    assert.match(names.stdout, /^10\.96\./m);
    await assertSeenAs(world, next.addresses);
    assert.equal((await asked)[0], 'ECONNRESET');
    const [status] = await statuses(world.developer);
    assert.equal(status?.agent?.name, `pod/${next.name}`);
    assert.equal(status.state, 'ready');
    assert.deepEqual(status.warnings, []);
    return next.name;
  }

  it('goes on in its successor: rollout, deletion, force, eviction', async () => {
    await withSession(world, ['-t', 'deployment/roll'], async (session) => {
      const first = nameOf(podsOf(world.namespace, 'app=roll')[0]);
      const second = await assertFollows('roll', () => kubectl(args('rollout', 'restart', 'deployment/roll')));
      // Either the cluster has told it first, or the agent's own farewell.
      const reason = `pod ${first} is being deleted|the agent ended the session: SIGTERM`;
      const words = 'open connections were reset, new ones wait for the next agent';
      await printed(session, new RegExp(`^! \\S+ connection to the cluster lost: (${reason}); ${words}$`, 'm'));
      await printed(session, new RegExp(`^✔ \\S+ target: deployment/roll → pod ${second} `, 'm'));
      await printed(session, new RegExp(`^✔ \\S+ reconnected after \\S+ s, to pod/${second} on `, 'm'));
      await assertFollows('roll', (pod) => kubectl(args('delete', 'pod', pod, '--wait=false')));
      await assertFollows('roll', (pod) => kubectl(args('delete', 'pod', pod, '--force', '--grace-period=0')));
      await assertFollows('roll', evict);
    });
  });

  it('goes on after its node was drained', async () => {
    const [{ spec } = {}] = podsOf(world.namespace, 'app=roll');
    const node = spec?.nodeName ?? '';
    await withSession(world, ['-t', 'deployment/roll'], async () => {
      try {
        await assertFollows('roll', () => {
          kubectl(['drain', node, '--pod-selector=app=roll', '--timeout=20s']);
          // There is one node only: without it the successor would have nowhere to go.
          kubectl(['uncordon', node]);
        });
      } finally {
        kubectl(['uncordon', node]);
      }
    });
  });

  it('waits without end while it has no pod, and says so', async () => {
    await withSession(world, ['-t', 'deployment/roll'], async () => {
      const uid = uidOf('roll');
      const { ended } = await hold();
      kubectl(args('scale', 'deployment/roll', '--replicas=0'));
      assert.equal(await ended, 'ECONNRESET');
      const state = async (): Promise<string> => {
        const [status] = await statuses(world.developer);
        return `${status?.state} ${status?.reconnecting?.reason}`;
      };
      let said = '';
      await poll(
        async () => (said = await state()).includes('has no pods'),
        'status says why',
        10_000,
        () => said,
      );
      assert.match(said, /^reconnecting waiting for a ready pod of deployment\/roll: it has no pods/);
      kubectl(args('scale', 'deployment/roll', '--replicas=1'));
      const { addresses } = await successor('roll', uid);
      await poll(async () => (await seenBy(world, 'v4')) === addresses[0], 'new flows use it', FOLLOW_MS);
      await poll(async () => (await state()) === 'ready undefined', 'all is well', FOLLOW_MS);
    });
  });

  it('does not wait for the end of a pod that takes long over it', async () => {
    await withSession(world, ['-t', 'deployment/slow'], async () => {
      const old = nameOf(podsOf(world.namespace, 'app=slow')[0]);
      await assertFollows('slow', (pod) => kubectl(args('delete', 'pod', pod, '--wait=false')));
      const phase = kubectl(args('get', 'pod', old, '-o', 'jsonpath={.status.phase} {.metadata.deletionTimestamp}'));
      assert.match(phase, /^Running 2/);
      kubectl(args('delete', 'pod', old, '--force', '--grace-period=0'));
    });
  });

  it('finds a pod of the same name that is another one', async () => {
    await withSession(world, ['-t', 'pod/store-0'], async () => {
      await assertFollows('store', (pod) => kubectl(args('delete', 'pod', pod, '--wait=false')));
    });
  });
});
