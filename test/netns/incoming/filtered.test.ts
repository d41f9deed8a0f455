import assert from 'node:assert/strict';
import { answersAs, ask, useTarget, web } from '../support/incoming.ts';
import { TARGET } from '../support/neighbour.ts';
import { poll, statuses } from '../support/session.ts';

const ALICE = ['X-User: Alice'];

describe('mirrord up --steal --http-header', () => {
  const world = useTarget();

  it('brings matching requests alone, on one connection too, and leaves all others', async () => {
    const { sandbox, neighbour } = world;
    await world.serve(sandbox.cluster, web('original'));
    const session = await world.steal('--http-header', 'x-user: alice');
    assert.match(
      session.output,
      /requests with a header matching "x-user: alice" come to localhost:8090, all others stay/,
    );
    assert.match(await ask(neighbour, TARGET.v4, ALICE), /^original /, 'while nobody listens');
    await world.serve(sandbox.developer, web('here'));
    await poll(async () => (await ask(neighbour, TARGET.v4, ALICE)).startsWith('here '), 'hers come', 2_000);
    for (const host of [TARGET.v4, TARGET.v6]) {
      assert.match(await ask(neighbour, host), /^original /);
      assert.match(await ask(neighbour, host, ALICE), /^here /);
    }
    const url = `http://${TARGET.v4}:8090/`;
    const { stdout } = await neighbour.run('curl', [
      '-sS',
      url,
      '--next',
      '-sS',
      '-H',
      ALICE[0] ?? '',
      url,
      '--next',
      '-sS',
      url,
    ]);
    assert.match(stdout, /^original \S+here \S+original \S+$/);
    const [status] = await statuses(sandbox);
    assert.ok((status?.incoming[0]?.taken ?? 0) >= 4 && (status?.incoming[0]?.passed ?? 0) >= 4);
  });

  it('is told of a filter that cannot be', async () => {
    await assert.rejects(world.steal('--http-header', 'x-user: ('), /unclosed group/);
    await assert.rejects(world.steal('--http-header', 'a', '--http-path', 'b'), /there is one condition/);
  });

  it('gives the target back when the session is killed', async () => {
    const { sandbox, neighbour } = world;
    await world.serve(sandbox.cluster, web('original'));
    await world.serve(sandbox.developer, web('here'));
    await world.steal('--http-path', '^/');
    await answersAs(neighbour, TARGET.v4, 'here');
    process.kill((await statuses(sandbox))[0]?.pid ?? 0, 'SIGKILL');
    await answersAs(neighbour, TARGET.v4, 'original', 1_000);
  });
});
