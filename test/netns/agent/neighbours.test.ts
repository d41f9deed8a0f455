/** A process of another user beside the agent, which opens its port again and again and says nothing. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Duplex, Transform } from 'node:stream';
import { HELLO_LIMIT } from '../../../src/connection/limits.ts';
import { dialPort, startAgent, until } from '../../socket/support/agent-process.ts';

const NOBODY = 65_534;
/** Keeps `COUNT` connections open, and opens another as soon as one is dropped. */
const FLOOD = `
  const { connect } = require('node:net');
  const open = () => connect(Number(process.argv[1]), '127.0.0.1').on('error', () => {}).on('data', () => {}).on('close', () => setImmediate(open));
  for (let i = 0; i < ${2 * HELLO_LIMIT}; i++) open();
  console.log('open');
`;
/** One way of a path through an API server, ms. */
const DELAY_MS = 150;

/** The client's path: what is said takes its time, both ways. */
function delayed(socket: Duplex): Duplex {
  const slow = (): Transform =>
    new Transform({
      transform(chunk, _encoding, done) {
        setTimeout(() => done(null, chunk), DELAY_MS);
      },
    });
  const [up, down] = [slow(), slow()];
  up.pipe(socket).pipe(down);
  const near = Duplex.from({ writable: up, readable: down });
  socket.on('close', () => near.destroy());
  return near;
}

describe('an agent beside a neighbour that floods its port', function () {
  this.timeout(60_000);

  it('lets its client in, at the first try', async () => {
    const agent = await startAgent();
    // Without any client it would end.
    const first = await agent.tunnel();
    const flood = spawn(process.execPath, ['-e', FLOOD, String(agent.port)], {
      uid: NOBODY,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(flood.stdout, 'data');
      const rejected = (): number => agent.events.filter(({ event }) => event === 'rejected').length;
      await until(() => rejected() > 2 * HELLO_LIMIT, 'the flood');
      for (let i = 0; i < 4; i++) {
        const tunnel = await agent.tunnel(async () => delayed(await dialPort(agent.port)));
        assert.equal((await tunnel.info()).node, process.version);
        tunnel.close();
      }
      assert.ok((await first.ping()) < 10_000);
      assert.ok(rejected() > 4 * HELLO_LIMIT, 'the flood went on meanwhile');
    } finally {
      flood.kill('SIGKILL');
      await once(flood, 'close');
      await agent.stop();
    }
  });
});
