import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { pod, service } from '../../../scripts/sandbox/addresses.ts';
import { poll, useSession } from '../support/session.ts';

const HANG_UP_AT_ONCE = `require('node:net').createServer((socket) => socket.end()).listen(7777)`;
const ANSWER_AND_RESET = `require('node:net').createServer((socket) => {
  socket.once('data', () => socket.write('413 ', () => socket.resetAndDestroy()));
}).listen(7778)`;
const ASK_FIFTY_TIMES = `
  let heard = '', left = 50;
  const next = () => left-- > 0 ? ask() : console.log(heard);
  const ask = () => {
    const socket = require('node:net').connect(7778, process.argv[1]);
    socket.on('data', (bytes) => heard += bytes).on('error', () => {}).on('close', next).write('question');
  };
  next();
`;
/** Connects a hundred times, and says how often the end came; it never does where the program has to give up waiting. */
const WAIT_FOR_ENDS = `
  let ended = 0;
  const next = () => ended < 100 ? connect() : console.log(ended);
  const connect = () => require('node:net').connect(7777, process.argv[1]).resume().on('close', () => { ended++; next(); });
  setTimeout(() => { console.log(ended); process.exit(); }, 10_000).unref();
  next();
`;

describe('mirrord up, half-close', () => {
  const world = useSession();

  it('a late answer comes after the client has closed its side', async () => {
    const digest = createHash('sha256').update('hello').digest('hex');
    for (const address of Object.values(service(5))) {
      assert.equal(await world.shell(`printf hello | nc -N ${address} 9`), `5 ${digest}\n`);
    }
  });

  it('so it does when nothing was sent at all', async () => {
    const digest = createHash('sha256').digest('hex');
    assert.equal(await world.shell(`nc -N ${service(5).v4} 9 </dev/null`), `0 ${digest}\n`);
  });

  /** What the client program prints that talks to the server program. */
  async function talk(server: string, port: number, client: string): Promise<string> {
    const running = world.sandbox.cluster.start(process.execPath, ['-e', server]);
    try {
      const { v4 } = pod(1);
      await poll(async () => (await world.sandbox.cluster.run('nc', ['-z', v4, `${port}`])).code === 0, 'it listens');
      return await world.run(process.execPath, '-e', client, v4);
    } finally {
      running.kill();
    }
  }

  it('the end of a server that hangs up at once comes each time', async () => {
    assert.equal(await talk(HANG_UP_AT_ONCE, 7777, WAIT_FOR_ENDS), '100\n');
  });

  it('what a server said before it reset the connection comes each time', async () => {
    assert.equal(await talk(ANSWER_AND_RESET, 7778, ASK_FIFTY_TIMES), `${'413 '.repeat(50)}\n`);
  });
});
