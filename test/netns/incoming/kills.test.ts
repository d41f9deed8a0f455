import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { PORT, answersAs, ask, tables, useTarget, web } from '../support/incoming.ts';
import { TARGET } from '../support/neighbour.ts';
import { poll, statuses } from '../support/session.ts';

/** The original serves again within this, ms. */
const BACK_MS = 1_000;

/** Other people's rules, of every kind that stands beside ours: nat, filter, both backends of iptables. */
const FOREIGN = [
  [
    'nft',
    'add table inet foreign { chain c { type nat hook prerouting priority dstnat; tcp dport 81 redirect to :82; }; }',
  ],
  ['iptables-nft', '-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '--dport', '83', '-j', 'REDIRECT', '--to-ports', '84'],
  [
    'iptables-legacy',
    '-t',
    'nat',
    '-A',
    'PREROUTING',
    '-p',
    'tcp',
    '--dport',
    '85',
    '-j',
    'REDIRECT',
    '--to-ports',
    '86',
  ],
] as const;

describe('mirrord up --steal, when something is killed', () => {
  const world = useTarget();
  before(async () => {
    for (const [command, ...args] of FOREIGN) await world.sandbox.cluster.run(command, args);
  });

  /** All rules of the target's network, as text. */
  async function rules(): Promise<string> {
    const { cluster } = world.sandbox;
    const outputs = await Promise.all([
      cluster.run('nft', ['list', 'ruleset']),
      cluster.run('iptables-legacy-save', ['-t', 'nat']),
    ]);
    return outputs.map(({ stdout }) => stdout.replace(/^#.*\n/gm, '').replace(/\[[0-9]+:[0-9]+\]/g, '')).join('---\n');
  }

  /** The process that holds the table: in the target's network, with the group of incoming agents. */
  async function incomingAgent(): Promise<number> {
    const network = (await world.sandbox.cluster.run('readlink', ['/proc/self/ns/net'])).stdout.trim();
    const pids = readdirSync('/proc').filter((entry) => /^[0-9]+$/.test(entry));
    const found = pids.find((pid) => {
      try {
        const isOurs = /^Gid:\t1900000000\t/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
        return isOurs && readlinkSync(`/proc/${pid}/ns/net`) === network;
      } catch {
        return false; // it has ended meanwhile
      }
    });
    assert.ok(found);
    return Number(found);
  }

  /** It may end by itself before its turn, since the one before it is gone. */
  function kill(pid: number): void {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
    }
  }

  const victims = {
    'the incoming agent': async () => [await incomingAgent()],
    'the session': async () => [(await statuses(world.sandbox))[0]?.pid ?? 0],
    'the root part': async (session: { child: { pid?: number | undefined } }) => [session.child.pid ?? 0],
  } as const;
  const orders = [
    ['the incoming agent'],
    ['the session'],
    ['the root part'],
    ['the incoming agent', 'the session'],
    ['the session', 'the incoming agent'],
    ['the root part', 'the session'],
    ['the session', 'the root part'],
    ['the root part', 'the incoming agent', 'the session'],
    ['the session', 'the root part', 'the incoming agent'],
  ] as const;

  for (const order of orders) {
    it(`gives the target back: ${order.join(', then ')}`, async () => {
      const { sandbox, neighbour } = world;
      await world.serve(sandbox.cluster, web('original'));
      const before = await rules();
      const here = await world.serve(sandbox.developer, web('here'));
      const session = await world.steal();
      await answersAs(neighbour, TARGET.v4, 'here');
      const pids = (await Promise.all(order.map((victim) => victims[victim](session)))).flat();
      for (const pid of pids) kill(pid);
      // An agent that was killed alone has a successor, which takes the port again: then the program must be gone, too.
      if (order.length === 1 && order[0] === 'the incoming agent') here.kill('SIGKILL');
      await answersAs(neighbour, TARGET.v4, 'original', BACK_MS);
      if (order.length === 1 && order[0] === 'the incoming agent') await session.end();
      await poll(async () => (await rules()) === before, 'all rules are as before', 5_000);
      await poll(async () => (await tables(world)).length === 0, 'no table of ours is left');
    });
  }

  it('takes the port again by a new agent when its agent was killed', async () => {
    const { sandbox, neighbour } = world;
    await world.serve(sandbox.cluster, web('original'));
    await world.serve(sandbox.developer, web('here'));
    await world.steal();
    for (let round = 0; round < 3; round++) {
      await answersAs(neighbour, TARGET.v4, 'here', 10_000);
      process.kill(await incomingAgent(), 'SIGKILL');
      await poll(async () => /^(original|here) /.test(await ask(neighbour, TARGET.v4)), 'somebody answers', BACK_MS);
    }
    await answersAs(neighbour, TARGET.v4, 'here', 10_000);
  });

  it('ends a client that only waits, at once', async () => {
    const { sandbox, neighbour } = world;
    const silent = `require('node:net').createServer((s) => s.on('error', () => {})).listen(${PORT})`;
    const wait = `const socket = require('node:net').connect(${PORT}, process.argv[1]);
      socket.on('connect', () => console.log('connected')).resume();
      socket.on('error', () => {}).on('close', () => { console.log('closed'); process.exit(); });
      setTimeout(() => process.exit(), 20_000);`;
    await world.serve(sandbox.developer, silent);
    await world.steal();
    const waiting = neighbour.start(process.execPath, ['-e', wait, TARGET.v4]);
    world.running.push(waiting);
    let said = '';
    waiting.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    const isHere = async (): Promise<boolean> =>
      (await sandbox.developer.run('ss', ['-Htn', 'state', 'established', `sport = ${PORT}`])).stdout !== '';
    await poll(isHere, 'the connection is here');
    process.kill(await incomingAgent(), 'SIGKILL');
    await poll(
      () => said === 'connected\nclosed\n',
      'it is told',
      BACK_MS,
      () => said,
    );
  });
});
