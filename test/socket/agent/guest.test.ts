import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { DEFECT_LIMIT } from '../../../src/agent/limits.ts';
import { SILENT, agentBundle, startAgent, until } from '../support/agent-process.ts';

/** The agent with something of a test behind it. */
const andAlso = (more: string): Buffer => Buffer.concat([agentBundle(), Buffer.from(`\n${more}`)]);

describe('the agent as a guest in a pod', () => {
  it('is the first to go when memory runs out', async () => {
    const agent = await startAgent();
    await agent.deliver();
    const score = readFileSync(`/proc/${agent.child.pid}/oom_score_adj`, 'utf8').trim();
    assert.equal(score, '1000');
    await agent.stop();
  });

  for (const [kind, defect] of [
    ['exception', "throw new Error('a defect')"],
    ['rejection', "void Promise.reject(new Error('a defect'))"],
  ] as const) {
    it(`survives one uncaught ${kind}`, async () => {
      const agent = await startAgent({ code: andAlso(`setTimeout(() => { ${defect} }, 1)`) });
      const tunnel = await agent.tunnel();
      await until(() => agent.events.some(({ event }) => event === 'defect'), 'the defect is told');
      assert.ok((await tunnel.ping()) < 1_000);
      await tunnel.goodbye();
    });

    it(`ends when every moment brings an uncaught ${kind}, and tells its client how many`, async () => {
      const agent = await startAgent({ code: andAlso(`setInterval(() => { ${defect} }, 30)`) });
      let reason = '';
      await agent.tunnel(agent.dial, { ...SILENT, dead: (why) => (reason = why) });
      await once(agent.child, 'exit');
      assert.equal(agent.child.exitCode, 70);
      await until(() => reason !== '', 'the client knows');
      assert.match(reason, new RegExp(`the agent ended the session: ${DEFECT_LIMIT} defects within \\d s`));
      const leaving = agent.events.find(({ event }) => event === 'leaving');
      assert.match(String(leaving?.['reason']), /^10 defects within \d s$/);
    });
  }
});
