import assert from 'node:assert/strict';
import { poll, statuses } from '../support/session.ts';
import { PORT, answersAs, ask, talk, useTarget, web } from '../support/incoming.ts';
import { NEIGHBOUR, TARGET } from '../support/neighbour.ts';

describe('mirrord up --steal, a whole port', () => {
  const world = useTarget();

  it('comes here while a program listens, and stays with the original before and after', async () => {
    const { sandbox, neighbour } = world;
    await world.serve(sandbox.cluster, web('original'));
    const session = await world.steal();
    assert.match(session.output, new RegExp(`port ${PORT} of netns/\\S+ comes to localhost:${PORT}`));
    assert.match(session.output, new RegExp(`nothing listens on localhost:${PORT} yet`));
    assert.match(await ask(neighbour, TARGET.v4), /^original /);

    const here = await world.serve(sandbox.developer, web('here'));
    await answersAs(neighbour, TARGET.v4, 'here', 1_000);
    assert.match(session.output, new RegExp(`listens on localhost:${PORT} \\(node, pid [0-9]+\\): on`));
    for (const host of [TARGET.v4, TARGET.v6]) assert.match(await ask(neighbour, host), /^here /);
    for (const host of [TARGET.v4, TARGET.v6, '127.0.0.1', '::1'])
      assert.match(await ask(sandbox.cluster, host), /^here /, `from inside, ${host}`);

    here.kill('SIGKILL');
    await answersAs(neighbour, TARGET.v4, 'original', 1_000);
    await poll(
      () => /nothing listens on localhost:8090 any more: port 8090 stays with netns/.test(session.output),
      'it is told',
      1_000,
    );
  });

  it('comes to another port of this machine, whichever family listens', async () => {
    await world.serve(world.sandbox.cluster, web('original'));
    await world.steal('--port', `3000:${PORT}`);
    for (const host of ['127.0.0.1', '0.0.0.0', '::1']) {
      const here = await world.serve(world.sandbox.developer, web(`at-${host}`, 3000, host), 3000);
      await answersAs(world.neighbour, TARGET.v4, `at-${host}`);
      here.kill('SIGKILL');
      await answersAs(world.neighbour, TARGET.v4, 'original');
    }
  });

  it('leaves other ports, and connections that the target itself makes', async () => {
    const { sandbox, neighbour } = world;
    await world.serve(sandbox.cluster, web('other', 8091), 8091);
    await world.serve(neighbour, web('neighbour'));
    await world.serve(sandbox.developer, web('here'));
    await world.serve(sandbox.cluster, web('original'));
    await world.steal();
    assert.match(await ask(neighbour, TARGET.v4), /^here /);
    assert.match((await neighbour.run('curl', ['-sS', `http://${TARGET.v4}:8091/`])).stdout, /^other /);
    assert.match(await ask(sandbox.cluster, NEIGHBOUR.v4), /^neighbour /);
  });

  it("hands the kubelet's probes on to the original, which sees where they went", async () => {
    const { sandbox, neighbour } = world;
    await world.serve(sandbox.cluster, web('original'));
    await world.serve(sandbox.developer, web('here'));
    await world.steal();
    for (const host of [TARGET.v4, TARGET.v6])
      assert.match(await ask(neighbour, host, ['User-Agent: kube-probe/1.34']), /^original /);
    assert.match(await ask(neighbour, TARGET.v4, ['X-User-Agent: kube-probe/1.34']), /^here /);
    const [status] = await statuses(sandbox);
    assert.deepEqual(
      status?.incoming.map(({ remote, local, listens, taken, passed }) => [remote, local, listens, taken, passed]),
      [[PORT, PORT, true, 1, 2]],
    );
  });

  it('refuses who speaks to the listener of the agent itself', async () => {
    const { sandbox, neighbour } = world;
    await world.serve(sandbox.developer, web('here'));
    await world.steal();
    const { stdout } = await sandbox.cluster.run('nft', ['list', 'ruleset']);
    const listener = /dnat ip to :([0-9]{2,})/.exec(stdout)?.[1];
    assert.ok(listener);
    for (const host of [TARGET.v4, `[${TARGET.v6}]`]) {
      const { stderr } = await neighbour.run('curl', ['-sS', '--max-time', '2', `http://${host}:${listener}/`]);
      assert.match(stderr, /Couldn't connect|refused/);
    }
  });

  it('is one session’s: the second one is told', async () => {
    await world.serve(world.sandbox.cluster, web('original'));
    await world.serve(world.sandbox.developer, web('here'));
    await world.steal();
    await assert.rejects(
      world.steal('--name', 'second', '--no-outgoing', '--no-remote-dns'),
      /another session already takes the incoming traffic of this target/,
    );
    assert.match(await ask(world.neighbour, TARGET.v4), /^here /);
  });

  it('carries 64 MB each way unchanged', async () => {
    const { sandbox, neighbour } = world;
    await world.serve(
      sandbox.developer,
      `require('node:net').createServer({ allowHalfOpen: true }, (s) => s.pipe(s)).listen(${PORT})`,
    );
    await world.steal();
    const client = `
      const { createHash } = require('node:crypto');
      const [sent, heard] = [createHash('sha256'), createHash('sha256')];
      const socket = require('node:net').connect({ host: process.argv[1], port: ${PORT}, allowHalfOpen: true });
      socket.on('data', (bytes) => heard.update(bytes)).on('end', () => console.log(sent.digest('hex') === heard.digest('hex')));
      (async () => {
        for (let i = 0; i < 64; i++) {
          const bytes = Buffer.alloc(1 << 20, i);
          sent.update(bytes);
          if (!socket.write(bytes)) await new Promise((go) => socket.once('drain', go));
        }
        socket.end();
      })();`;
    for (const host of [TARGET.v4, TARGET.v6]) assert.equal(await talk(neighbour, client, host), 'true\n');
  });
});
