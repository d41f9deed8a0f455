import assert from 'node:assert/strict';
import type { V1Job } from '@kubernetes/client-node';
import type { Remain } from '../../../src/ipc/protocol.ts';
import { HeldJob } from '../../../src/kube/agent/held-job.ts';
import { Api } from '../../../src/kube/server/api.ts';
import { Server } from '../../../src/kube/server/server.ts';
import { SessionRemains } from '../../../src/session/remains.ts';
import { CERT, FakeServer, json, status } from './support/fake-server.ts';

const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const WHAT = "The agent's Job default/x";
const JOB: V1Job = { metadata: { name: 'x' } };
const AGENT_LIFE_MS = 120_000;

describe("the agent's Job, and what is told to remain of it", () => {
  let fake: FakeServer;
  let api: Api;
  let job: HeldJob;
  let told: readonly Remain[];

  beforeEach(async () => {
    fake = await FakeServer.start();
    const credentials = {
      current: async () => ({ headers: {} }),
      refused: () => false,
      anonymous: false,
      isAsking: false,
    };
    const endpoint = { host: '127.0.0.1', port: fake.port, secure: true, path: '', url: 'https://fake' };
    api = new Api(new Server(endpoint, null, { ca: CERT, verify: true }, credentials));
    told = [];
    job = new HeldJob(api, 'default', 'x', new SessionRemains(AGENT_LIFE_MS, (remains) => (told = remains)));
    fake.answers.set(JOBS, json(JOB));
    fake.answers.set(`${JOBS}/x`, json({}));
  });
  afterEach(async () => {
    api.close();
    await fake.stop();
  });

  const create = (): Promise<void> => job.create(JOB, () => undefined);
  const remain = (why: string | null): Remain => ({ what: WHAT, why, withinMs: AGENT_LIFE_MS });

  it('is there from the request on, and gone when it has been deleted', async () => {
    const created = create();
    assert.deepEqual(told, [remain(null)]);
    await created;
    await job.remove();
    assert.deepEqual(told, []);
  });

  it('is gone when somebody else has deleted it', async () => {
    await create();
    fake.answers.set(`${JOBS}/x`, status(404, 'not found'));
    await job.remove();
    assert.deepEqual(told, []);
  });

  it('was never there when the server has refused it; nothing is deleted then', async () => {
    fake.answers.set(JOBS, status(403, 'exceeded quota'));
    await assert.rejects(create());
    await job.remove();
    assert.deepEqual(told, []);
    assert.ok(!fake.seen.includes(`${JOBS}/x`));
  });

  it('may be there when its request was not answered: it is deleted, or remains', async () => {
    fake.answers.set(JOBS, (_request, response) => response.destroy());
    await assert.rejects(create());
    assert.deepEqual(told, [remain(null)]);
    await job.remove();
    assert.deepEqual(told, []);
  });

  it('remains when the server refuses to delete it, or is gone', async () => {
    await create();
    fake.answers.set(`${JOBS}/x`, status(403, 'you cannot'));
    await job.remove();
    assert.deepEqual(told, [remain('you cannot (HTTP 403)')]);
    await fake.stop();
    await job.remove();
    assert.deepEqual(told, [remain('the API server does not answer')]);
  });
});
