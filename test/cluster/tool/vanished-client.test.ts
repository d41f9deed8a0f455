import assert from 'node:assert/strict';
import { RESUME_LIMIT_MS } from '../../../src/connection/limits.ts';
import { poll } from '../../netns/support/session.ts';
import { leftovers, makeNamespace, dropNamespace } from '../kube/support/cluster.ts';
import { openDeveloper, statuses } from '../support/session.ts';

/** The agent's farewell, the Job's end and its TTL. */
const AFTERWARDS_MS = 15_000;

describe('mirrord up on Kubernetes, a client that vanished', function () {
  this.timeout(RESUME_LIMIT_MS + AFTERWARDS_MS + 30_000);
  let namespace: string | undefined;
  let vanishedAt: number;

  it('leaves a Job that ends and is removed by itself', async () => {
    namespace = await started;
    assert.ok(namespace);
    const end = vanishedAt + RESUME_LIMIT_MS + AFTERWARDS_MS;
    await poll(
      () => leftovers(namespace ?? '').length === 0,
      'Job and pod are gone',
      Math.max(0, end - Date.now()),
      () => leftovers(namespace ?? '').join(' '),
    );
  });

  after(() => {
    if (namespace !== undefined) dropNamespace(namespace);
  });

  let started: Promise<string> | undefined;

  async function vanish(): Promise<string> {
    const made = await makeNamespace();
    const developer = await openDeveloper();
    try {
      const session = await developer.up(['-n', made]).ready();
      const [status] = await statuses(developer);
      process.kill(status?.pid ?? 0, 'SIGKILL');
      vanishedAt = Date.now();
      await session.ended;
      assert.notEqual(leftovers(made).length, 0);
    } finally {
      await developer.close();
    }
    return made;
  }

  // Before all other files' tests, which fill the time.
  const root = this.parent;
  assert.ok(root);
  root.beforeAll(async function () {
    this.timeout(60_000);
    started = vanish();
    await started;
  });
});
