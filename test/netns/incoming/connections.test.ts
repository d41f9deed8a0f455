import assert from 'node:assert/strict';
import { PORT, answersAs, ask, talk, useTarget, web } from '../support/incoming.ts';
import { TARGET } from '../support/neighbour.ts';
import { poll } from '../support/session.ts';

/** Says how its connection went: what it heard, and how it ended. */
const client = (then: string): string => `
  let heard = '';
  const socket = require('node:net').connect({ host: process.argv[1], port: ${PORT}, allowHalfOpen: true });
  const say = (how) => { console.log(heard + how); process.exit(); };
  socket.on('data', (bytes) => (heard += bytes)).on('end', () => { heard += ' end '; });
  socket.on('error', (error) => say(error.code)).on('close', () => say('closed'));
  setTimeout(() => say('nothing'), 15_000);
  ${then}`;

const server = (body: string): string =>
  `require('node:net').createServer({ allowHalfOpen: true }, (socket) => { socket.on('error', () => {}); ${body} }).listen(${PORT})`;

describe('mirrord up --steal, connections', () => {
  const world = useTarget();

  const ways = {
    'come here': '"hello"',
    'pass on to the original': '"GET / HTTP/1.1\\r\\nUser-Agent: kube-probe/1\\r\\n\\r\\n"',
  };
  for (const [way, first] of Object.entries(ways)) {
    describe(`that ${way}`, () => {
      async function between(serverBody: string, then: string, host: string): Promise<string> {
        const { sandbox, neighbour } = world;
        await world.serve(way === 'come here' ? sandbox.developer : sandbox.cluster, server(serverBody));
        // Without it the port would not be taken.
        if (way !== 'come here') await world.serve(sandbox.developer, server('socket.end("wrong")'));
        await world.steal();
        return talk(neighbour, client(then), host);
      }

      for (const host of [TARGET.v4, TARGET.v6]) {
        it(`hear a late answer after the client's FIN, ${host}`, async () => {
          const answer = `socket.resume().on('end', () => setTimeout(() => socket.end('late'), 200))`;
          assert.equal(await between(answer, `socket.end(${first})`, host), 'late end closed\n');
        });
      }

      it("go on sending after the server's FIN", async () => {
        const body = `let n = 0; socket.on('data', (d) => { n += d.length; if (n > 100) console.log(n); }); socket.end('bye')`;
        const then = `socket.write(${first}); socket.on('end', () => socket.end('x'.repeat(1000)))`;
        assert.equal(await between(body, then, TARGET.v4), 'bye end closed\n');
      });

      it("hear the server's reset, and what came before it", async () => {
        const body = `socket.once('data', () => socket.write('half', () => socket.resetAndDestroy()))`;
        assert.equal(await between(body, `socket.write(${first})`, TARGET.v4), 'halfECONNRESET\n');
      });

      it("carry the client's reset", async () => {
        const { sandbox } = world;
        const then = `socket.write(${first}); setTimeout(() => socket.resetAndDestroy(), 300)`;
        const told = server(`socket.on('data', () => {}).on('error', (error) => console.log(error.code))`);
        const program = await world.serve(way === 'come here' ? sandbox.developer : sandbox.cluster, told);
        let said = '';
        program.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
        if (way !== 'come here') await world.serve(sandbox.developer, server('socket.end("wrong")'));
        await world.steal();
        await talk(world.neighbour, client(then), TARGET.v4);
        await poll(
          () => said === 'ECONNRESET\n',
          'the server hears the reset',
          5_000,
          () => said,
        );
      });
    });
  }

  it('are answered by a server that speaks first', async () => {
    await world.serve(world.sandbox.developer, server(`socket.end('banner')`));
    await world.steal();
    assert.equal(
      await talk(world.neighbour, client(`socket.on('end', () => socket.end())`), TARGET.v4),
      'banner end closed\n',
    );
  });

  for (const tracked of [false, true]) {
    it(`that were established before are moved, conntrack ${tracked ? 'on' : 'off'} before`, async () => {
      const { sandbox, neighbour } = world;
      if (tracked)
        await sandbox.cluster.run('nft', [
          'add table ip foreign; add chain ip foreign pre { type nat hook prerouting priority dstnat; }; add rule ip foreign pre tcp dport 81 redirect to :82',
        ]);
      await world.serve(
        sandbox.cluster,
        server(`socket.write('original '); socket.on('data', (d) => socket.write(d))`),
      );
      await world.serve(sandbox.developer, web('here'));
      const idle = neighbour.start(process.execPath, ['-e', client('')].concat(TARGET.v4));
      const busy = neighbour.start(process.execPath, [
        '-e',
        client(`const started = performance.now(); setInterval(() => socket.write('x'), 50);
          socket.on('close', () => console.error(Math.round(performance.now() - started)))`),
        TARGET.v6,
      ]);
      world.running.push(idle, busy);
      const said = { idle: '', busy: '' };
      idle.stdout.setEncoding('utf8').on('data', (text: string) => (said.idle += text));
      busy.stdout.setEncoding('utf8').on('data', (text: string) => (said.busy += text));
      const count = async (): Promise<number> =>
        (await sandbox.cluster.run('ss', ['-Htn', 'state', 'established', `sport = ${PORT}`])).stdout.trim().split('\n')
          .length;
      await poll(async () => (await count()) === 2, 'both are connected');
      await new Promise((go) => setTimeout(go, 600)); // until the idle one counts as idle
      await world.steal();
      const moved = performance.now();
      await poll(
        () => said.idle.endsWith('ECONNRESET\n'),
        'the idle one is ended at once',
        1_000,
        () => said.idle,
      );
      assert.equal(said.busy, '');
      await poll(() => said.busy !== '', 'the busy one is ended', 8_000);
      assert.ok(performance.now() - moved > 3_000, 'not before its time');
      assert.match(await ask(neighbour, TARGET.v4), /^here /);
      await sandbox.cluster.run('nft', ['delete table ip foreign']);
    });
  }

  it('that come here outlive the program’s port being given back', async () => {
    const { sandbox, neighbour } = world;
    await world.serve(sandbox.cluster, web('original'));
    // Stops listening after the first connection, and goes on with that.
    const once = `const s = require('node:net').createServer((c) => { s.close(); c.on('data', (d) => c.write(d)); }).listen(${PORT})`;
    await world.serve(sandbox.developer, once);
    await world.steal();
    const held = neighbour.start(process.execPath, [
      '-e',
      client(
        `socket.write('a'); process.stdin.on('data', () => socket.write('b')); setInterval(() => console.error(heard), 50)`,
      ),
      TARGET.v4,
    ]);
    world.running.push(held);
    let heard = '';
    held.stderr.setEncoding('utf8').on('data', (text: string) => (heard += text));
    await poll(
      () => heard.endsWith('a\n'),
      'it is connected',
      5_000,
      () => heard,
    );
    await answersAs(neighbour, TARGET.v4, 'original');
    held.stdin.write('more\n');
    await poll(
      () => heard.endsWith('ab\n'),
      'it goes on',
      5_000,
      () => heard,
    );
  });
});
