import assert from 'node:assert/strict';
import { once } from 'node:events';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import type { Sandbox } from '../../../scripts/sandbox/index.ts';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { mirrord, poll, statuses, up } from '../support/session.ts';
import { partsOf } from './support/session-parts.ts';

describe('mirrord up where nothing can be written', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await createSandbox();
  });
  afterEach(() => sandbox.close());

  const root = async (script: string): Promise<void> => {
    const { code, stderr } = await sandbox.developer.run('sh', ['-ec', script]);
    assert.equal(code, 0, stderr);
  };
  const PLACES = {
    'read-only': 'mkdir -p /run/mirrord; mount -t tmpfs -o ro tmpfs /run/mirrord',
    full: 'mkdir -p /run/mirrord; mount -t tmpfs -o size=4k tmpfs /run/mirrord; head -c 8000 /dev/zero >/run/mirrord/filler || true',
  };

  for (const [kind, script] of Object.entries(PLACES)) {
    it(`changes nothing when its place in /run is ${kind}, and says why`, async () => {
      await root(script);
      const before = await machineState(sandbox.developer);
      const session = up(sandbox);
      const { code } = await session.ended;
      assert.equal(code, 6, session.output);
      assert.match(session.output, /\/run\/mirrord cannot be written/);
      assert.match(session.output, kind === 'full' ? /full/ : /able to write to \/run/);
      assert.equal(difference(before, await machineState(sandbox.developer)), '');
    });
  }

  it('lives without a log when its disk is full, and warns once', async () => {
    const folder = '/run/home/.local/state/mirrord';
    await root(`mkdir -p ${folder}; chown -R developer /run/home/.local
      mount -t tmpfs -o size=4k,mode=700,uid=4242 tmpfs ${folder}; head -c 8000 /dev/zero >${folder}/filler || true`);
    const session = await up(sandbox).ready();
    for (let round = 0; round < 2; round++) {
      const { agent } = partsOf(sandbox);
      process.kill(agent ?? 0, 'SIGKILL');
      await poll(async () => {
        const now = partsOf(sandbox).agent;
        return now !== undefined && now !== agent && (await statuses(sandbox))[0]?.state === 'ready';
      }, 'another agent');
    }
    const [status] = await statuses(sandbox);
    const warnings = status?.warnings.filter((text) => text.includes('log cannot be written')) ?? [];
    assert.equal(warnings.length, 1, JSON.stringify(status?.warnings));
    assert.match(warnings[0] ?? '', /ENOSPC|no space/i);
    assert.equal(session.output.match(/log cannot be written/g)?.length, 1);
    const web = await sandbox.developer.run('curl', ['-sS', '-m', '5', `http://${service(1).v4}:8080/`]);
    assert.match(web.stdout, /payment-service/, web.stderr);
    assert.equal((await session.end()).code, 0);
  });

  it('lives when what it says goes to a full disk, and tells so once', async () => {
    const line = `exec ${sandbox.mirrord} up -t netns/${sandbox.target} >/dev/full`;
    const child = sandbox.developer.start('sh', ['-c', line], { as: 'sudo' });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await poll(
      async () => (await statuses(sandbox))[0]?.state === 'ready',
      'the session is ready',
      20_000,
      () => said,
    );
    assert.match(said, /^Error: The output could not be written completely: ENOSPC.*\n$/);
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number | null];
    // That output was lost.
    assert.equal(code, 1, said);
  });

  it('is not harmed by a /run that is empty after a reboot', async () => {
    const before = await machineState(sandbox.developer);
    const session = await up(sandbox, { args: ['--dns', 'resolv.conf'] }).ready();
    const parts = partsOf(sandbox);
    for (const pid of Object.values(parts)) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await session.ended;
    // What the kernel holds, and what is in /run, a reboot takes along; /etc it does not.
    await root(`rm -rf /run/mirrord
      for family in -4 -6; do
        for rule in $(seq 5000 5009); do while ip $family rule del pref $rule 2>/dev/null; do :; done; done
        ip $family route flush table 7300 2>/dev/null || true
      done`);
    const removed = ['-c', 'rmdir /sys/fs/cgroup/mirrord.default.$(stat -Lc %i /proc/self/ns/net)'];
    await poll(async () => (await sandbox.developer.run('sh', removed)).code === 0, 'the cgroup has no process left');
    assert.match(await machineState(sandbox.developer), /Written by mirrord/);
    const { code, stderr } = await mirrord(sandbox, ['down'], 'sudo');
    assert.equal(code, 0, stderr);
    assert.equal(difference(before, await machineState(sandbox.developer)), '');
  });
});
