import assert from 'node:assert/strict';
import type { V1Pod } from '@kubernetes/client-node';
import { whyLeaving } from '../../../src/kube/agent/leaving.ts';
import { chooseContainer, identityOf } from '../../../src/kube/targets/container.ts';
import { newestFirst, whyNotReady } from '../../../src/kube/targets/readiness.ts';
import { isSelected, selectorQuery } from '../../../src/kube/targets/selector.ts';

const DELETED = new Date('2026-01-01T00:00:00Z');

const withContainers = (names: readonly string[], annotations: Record<string, string> = {}): V1Pod => ({
  metadata: { name: 'p', annotations },
  spec: { containers: names.map((name) => ({ name })) },
});

describe('the container of a target', () => {
  const annotation = { 'kubectl.kubernetes.io/default-container': 'b' };
  const cases: readonly (readonly [pod: V1Pod, wanted: string | undefined, name: string, isGuessed: boolean])[] = [
    [withContainers(['a']), undefined, 'a', false],
    [withContainers(['a', 'b']), undefined, 'a', true],
    [withContainers(['a', 'b']), 'b', 'b', false],
    [withContainers(['a', 'b'], annotation), undefined, 'b', false],
    [withContainers(['a', 'b'], annotation), 'a', 'a', false],
    // It names one that is not there: as if it were not.
    [withContainers(['a', 'c'], annotation), undefined, 'a', true],
    [withContainers(['istio-proxy', 'a']), undefined, 'a', true],
    [withContainers(['linkerd-proxy', 'vault-agent', 'a']), undefined, 'a', true],
    [withContainers(['istio-proxy']), undefined, 'istio-proxy', false],
    [withContainers(['istio-proxy', 'daprd']), undefined, 'istio-proxy', true],
  ];
  for (const [pod, wanted, name, isGuessed] of cases) {
    const names = pod.spec?.containers.map((each) => each.name).join();
    const how = wanted ?? JSON.stringify(pod.metadata?.annotations);
    it(`${how} of ${names} is ${name}`, () => assert.deepEqual(chooseContainer(pod, wanted), { name, isGuessed }));
  }

  it("may be named where it is a sidecar of Kubernetes' own kind, and is never guessed", () => {
    const more = [{ name: 'mesh', restartPolicy: 'Always', securityContext: { runAsUser: 5 } }, { name: 'init' }];
    const native: V1Pod = { spec: { containers: [{ name: 'app' }], initContainers: more } };
    assert.deepEqual(chooseContainer(native, undefined), { name: 'app', isGuessed: false });
    assert.deepEqual(chooseContainer(native, 'mesh'), { name: 'mesh', isGuessed: false });
    assert.deepEqual(identityOf(native, 'mesh'), { runAsUser: 5 });
    assert.throws(() => chooseContainer(native, 'init'), { code: 'container-unknown' });
  });

  it('an unknown one is refused with those that there are', () => {
    assert.throws(() => chooseContainer(withContainers(['app', 'helper']), 'ap'), {
      code: 'container-unknown',
      help: 'Available: app, helper.',
    });
  });

  it('runs as its own manifest says, else as the pod’s; root and the image’s matter are nobody', () => {
    const pod = (own?: object, all?: object): V1Pod => ({
      spec: { containers: [{ name: 'a', ...(own && { securityContext: own }) }], ...(all && { securityContext: all }) },
    });
    assert.deepEqual(identityOf(pod(), 'a'), {});
    assert.deepEqual(identityOf(pod({ runAsUser: 7 }), 'a'), { runAsUser: 7 });
    assert.deepEqual(identityOf(pod({ runAsUser: 7 }, { runAsUser: 8, runAsGroup: 9 }), 'a'), {
      runAsUser: 7,
      runAsGroup: 9,
    });
    assert.deepEqual(identityOf(pod({ runAsUser: 0 }, { runAsUser: 8 }), 'a'), {});
  });

  it('runs as the runtime tells, where it does', () => {
    const told = (linux: object, own?: object): V1Pod =>
      ({
        spec: { containers: [{ name: 'a', securityContext: own }] },
        status: { containerStatuses: [{ name: 'b' }, { name: 'a', user: { linux } }] },
      }) as V1Pod;
    assert.deepEqual(identityOf(told({ uid: 999, gid: 998 }), 'a'), { runAsUser: 999, runAsGroup: 998 });
    assert.deepEqual(identityOf(told({ uid: 7, gid: 0 }, { runAsUser: 7 }), 'a'), { runAsUser: 7, runAsGroup: 0 });
    assert.deepEqual(identityOf(told({ uid: 0, gid: 0 }), 'a'), {});
  });
});

describe('the pods of a target', () => {
  const ready = [{ type: 'Ready', status: 'True' }];

  it('are ready when they run, say so and are not being deleted', () => {
    const cases: readonly (readonly [V1Pod, string | null])[] = [
      [{ status: { phase: 'Running', conditions: ready } }, null],
      [{ metadata: { deletionTimestamp: DELETED }, status: { phase: 'Running', conditions: ready } }, 'being deleted'],
      [{ status: { phase: 'Running' } }, 'not ready'],
      [{ status: {} }, 'Pending'],
      [
        { status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: 'no nodes' }] } },
        'Pending: no nodes',
      ],
      [
        {
          status: {
            phase: 'Running',
            containerStatuses: [
              {
                name: 'a',
                image: '',
                imageID: '',
                ready: false,
                restartCount: 1,
                state: { waiting: { reason: 'CrashLoopBackOff' } },
              },
            ],
          },
        },
        'not ready: CrashLoopBackOff',
      ],
      [
        {
          status: {
            phase: 'Running',
            conditions: [{ type: 'Ready', status: 'False', message: 'containers with unready status: [a]' }],
            containerStatuses: [
              {
                name: 'a',
                image: '',
                imageID: '',
                ready: false,
                restartCount: 1,
                state: { terminated: { exitCode: 3, reason: 'Error' } },
              },
            ],
          },
        },
        'not ready: container a ended (exit code 3)',
      ],
    ];
    for (const [pod, expected] of cases) assert.equal(whyNotReady(pod), expected);
  });

  it('the newest is taken first', () => {
    const born = (name: string, second: number): V1Pod => ({
      metadata: { name, creationTimestamp: `2026-01-01T00:00:0${second}Z` as unknown as Date },
    });
    const order = newestFirst([born('b', 1), born('c', 2), born('a', 1)]).map((pod) => pod.metadata?.name);
    assert.deepEqual(order, ['c', 'a', 'b']);
  });

  it('are chosen by all terms of a selector, here as at the server', () => {
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['a', 'b'] },
        { key: 'old', operator: 'DoesNotExist' },
        { key: 'zone', operator: 'NotIn', values: ['x'] },
        { key: 'rev', operator: 'Exists' },
      ],
    };
    assert.equal(selectorQuery(selector), 'app=web,tier in (a,b),!old,zone notin (x),rev');
    const labels = { app: 'web', tier: 'a', rev: '' };
    assert.ok(isSelected(selector, labels));
    for (const wrong of [{ app: 'db' }, { tier: 'c' }, { old: '' }, { zone: 'x' }]) {
      assert.ok(!isSelected(selector, { ...labels, ...wrong }), JSON.stringify(wrong));
    }
    assert.ok(!isSelected({}, labels));
  });
});

describe('an agent leaves', () => {
  const pod = (status: object, more: object = {}, containers: readonly string[] = ['agent']): V1Pod => ({
    metadata: { name: 'p', ...more },
    spec: { containers: [{ name: 'app' }], ephemeralContainers: containers.map((name) => ({ name })) },
    status: { phase: 'Running', ...status },
  });
  const ended = { ephemeralContainerStatuses: [{ name: 'agent', state: { terminated: { exitCode: 137 } } }] };
  const cases: readonly (readonly [string, V1Pod, RegExp | null])[] = [
    ['not while all is well', pod({}), null],
    ['not because its pod is no longer ready', pod({ conditions: [{ type: 'Ready', status: 'False' }] }), null],
    ['as soon as its pod is being deleted', pod({}, { deletionTimestamp: DELETED }), /^pod p is being deleted$/],
    ['when its pod has been evicted', pod({ phase: 'Failed', reason: 'Evicted' }), /its pod has ended \(Evicted\)/],
    ['when its pod has done its work', pod({ phase: 'Succeeded' }), /its pod has ended/],
    ['when its container has ended', pod(ended), /its container ended \(exit code 137\)/],
    [
      'when its container was too large',
      pod({
        ephemeralContainerStatuses: [{ name: 'agent', state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }],
      }),
      /its container ended \(OOMKilled, exit code 137\)/,
    ],
    ['when the pod of that name is another one', pod({}, {}, []), /has been replaced/],
  ];
  for (const [title, given, expected] of cases) {
    it(title, () => {
      const reason = whyLeaving(given, 'agent');
      if (expected === null) assert.equal(reason, null);
      else assert.match(reason ?? '', expected);
    });
  }
});
