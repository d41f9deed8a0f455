import assert from 'node:assert/strict';
import { mirrord, up, useSandbox } from '../support/session.ts';

describe('mirrord -v', () => {
  const world = useSandbox();

  it('shows where the log is, and what up does to the machine', async () => {
    const session = await up(world.sandbox, { args: ['-v'] }).ready();
    await session.end();
    assert.match(session.output, /^log: \/\S+\/mirrord\/default\.log$/m);
    assert.match(session.output, /^ip -json \S.*: exit 0 \(\d+ ms\)$/m);
    assert.match(session.output, /^ip -4 -batch: .*route (add|replace) .*: done \(\d+ ms\)$/m);
  });

  it('leaves standard output to the answer', async () => {
    const { stdout, stderr } = await mirrord(world.sandbox, ['doctor', '-v', '--json']);
    assert.ok(JSON.parse(stdout));
    assert.match(stderr, /^ip -json link show lo: exit 0 \(\d+ ms\)$/m);
  });
});
