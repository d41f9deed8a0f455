import assert from 'node:assert/strict';
import { formatTarget, parseTarget } from '../../../src/config/index.ts';

describe('a target', () => {
  for (const [text, expected] of [
    ['targetless', { kind: 'targetless' }],
    ['pod/web-0', { kind: 'pod', name: 'web-0' }],
    ['deploy/web', { kind: 'deployment', name: 'web' }],
    ['pods/web', { kind: 'pod', name: 'web' }],
    ['statefulsets/db', { kind: 'statefulset', name: 'db' }],
    ['statefulset/db/container/pg', { kind: 'statefulset', name: 'db', container: 'pg' }],
    ['daemonset/a.b', { kind: 'daemonset', name: 'a.b' }],
    ['label/app=web', { kind: 'label', selector: 'app=web' }],
    ['label/a.b/c=d,e=/container/x', { kind: 'label', selector: 'a.b/c=d,e=', container: 'x' }],
    ['netns/dev_1', { kind: 'netns', name: 'dev_1' }],
    ['process/4242', { kind: 'process', pid: 4242 }],
  ] as const) {
    it(text, () => {
      const parsed = parseTarget(text);
      assert.deepEqual(parsed, { target: expected });
      assert.deepEqual(parseTarget(formatTarget(expected)), parsed);
    });
  }

  for (const [text, reason] of [
    ['web', /did you mean pod\/web\?/],
    ['', /it has no kind/],
    ['none', /write "targetless"/],
    ['Targetless', /write "targetless"/],
    ['rollout/x', /no target kind "rollout"; write replicaset\/NAME .* or label\/KEY=VALUE/],
    ['rollouts/x/container/c', /no target kind "rollouts"; write replicaset\/NAME/],
    ['cronjob/x', /no target kind "cronjob"; write job\/NAME .*`mirrord ls` lists them/],
    ['prod/deployment/web', /write deployment\/web; write the namespace separately, in target\.namespace or after -n/],
    ['pod/x/namespace/prod', /only \/container\/NAME may follow; write the namespace separately/],
    ['constructor/x', /no target kind/],
    ['pod/', /not a valid name of a Kubernetes object/],
    ['pod/A', /not a valid name/],
    ['pod/x/y', /only \/container\/NAME/],
    ['pod/x/container/', /not a valid container name/],
    ['pod/x/container/a/b', /only \/container\/NAME/],
    ['label/app', /not a label of the form KEY=VALUE/],
    ['label/', /not a label of the form KEY=VALUE/],
    ['netns/../x', /not a valid name of a network namespace/],
    ['netns/', /not a valid name of a network namespace/],
    ['process/0', /not a process ID/],
    ['process/-1', /not a process ID/],
    ['process/99999999', /not a process ID/],
  ] as const) {
    it(`${JSON.stringify(text)} is refused`, () => {
      const parsed = parseTarget(text);
      assert.ok('reason' in parsed);
      assert.match(parsed.reason, reason);
    });
  }
});
