/** What the session starts stays outside the session: seen from a program that it starts, and from any other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { DNS, HostRun, NETWORK } from '../support/host-run.ts';
import { Sandbox } from '../support/sandbox.ts';
import { snapshot } from '../support/snapshot.ts';

/** The login server's, inside the ranges of `NETWORK`. */
const LOGIN = ['10.96.9.9', 'fd00:96::9'];
const ADDRESS = '203.0.113.9';
const EVERYTHING = { ...NETWORK, routes: ['198.19.0.53/32', '0.0.0.0/0', '::/0'], unreachable: [] };

/** Says whom it reached, from which address, and what the name server said. */
const LOOK = [
  ...LOGIN.map(
    (address) => `socat -u TCP:${address.includes(':') ? `[${address}]` : address}:7,connect-timeout=3 - 2>/dev/null`,
  ),
  'dig +short +time=3 +tries=1 login.example',
  'dig +short +time=3 +tries=1 +tcp login.example',
].join('; ');
/** As socat writes them. */
const FROM = ['[0000:0000:0000:0000:0000:ffff:c0a8:0701]', '[fd00:0007:0000:0000:0000:0000:0000:0001]'];
const REACHED = [...FROM, ADDRESS, ADDRESS].join('\n');

describe('what the session starts', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await Sandbox.open();
    await sandbox.shell(LOGIN.map((address) => `ip -n far addr add ${address} dev lo`).join('\n'));
    const inFar = ['netns', 'exec', 'far'];
    const server = join(import.meta.dirname, '../support/dns-server.ts');
    const names = sandbox.spawn('ip', [...inFar, process.execPath, server, '192.168.7.254', '53', ADDRESS]);
    await once(names.stdout, 'data');
    names.stdout.resume();
    const say = 'SYSTEM:echo $SOCAT_PEERADDR';
    const login = sandbox.spawn('ip', [...inFar, 'socat', '-d', '-d', 'TCP6-LISTEN:7,fork,reuseaddr', say]);
    await once(login.stderr, 'data');
    login.stderr.resume();
  });
  afterEach(() => sandbox.close());

  for (const [scope, network] of [
    ['ranges routed', NETWORK],
    ['everything routed', EVERYTHING],
  ] as const) {
    it(`reaches what it dials, by address and by name, with ${scope}; no other program does`, async () => {
      const run = new HostRun(sandbox, {
        requests: [
          ['network', network],
          ['dns', { ...DNS, mode: 'nftables' }],
        ],
        environment: { PLUGIN: LOOK },
      });
      assert.deepEqual((await run.replies())[0], [], 'no warnings');
      process.kill(run.sessionPid(), 'SIGHUP');
      const { plugin } = await run.event('plugin');
      assert.equal(plugin, REACHED);
      assert.doesNotMatch(await sandbox.shell(`(${LOOK}) 2>/dev/null || true`), /^(\[|203)/m);
      await run.stop();
    });
  }

  for (const [scope, network, reached] of [
    ['ranges routed', NETWORK, [FROM[1], ADDRESS, ADDRESS]],
    ['ranges routed and its servers kept', { ...NETWORK, pins: [...NETWORK.pins, `${LOGIN[0]}/32`] }, [REACHED]],
    ['everything routed', EVERYTHING, [REACHED]],
  ] as const) {
    it(`reaches what strict checks of the way back (rp_filter 1) let in, with ${scope}`, async () => {
      await sandbox.shell('for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done');
      const run = new HostRun(sandbox, {
        requests: [
          ['network', network],
          ['dns', { ...DNS, mode: 'nftables' }],
        ],
        environment: { PLUGIN: LOOK },
      });
      await run.replies();
      process.kill(run.sessionPid(), 'SIGHUP');
      const { plugin } = await run.event('plugin');
      assert.equal(plugin, reached.join('\n'));
      await run.stop();
    });
  }

  it('goes on when the session has ended, and nothing of the session stays', async () => {
    const before = await snapshot(sandbox);
    for (const end of ['stop', 'host', 'session'] as const) {
      const run = new HostRun(sandbox, {
        requests: [['network', NETWORK]],
        environment: { PLUGIN: 'setsid sleep 1000 >/dev/null 2>&1 & echo $!' },
      });
      await run.replies();
      process.kill(run.sessionPid(), 'SIGHUP');
      const { plugin: pid } = await run.event('plugin');
      const cgroup = await sandbox.shell(`grep ^0:: /proc/${String(pid)}/cgroup`);
      assert.match(cgroup, /\/mirrord\.default\.\d+$/m);
      if (end === 'stop') await run.stop();
      if (end === 'session') {
        process.kill(run.sessionPid(), 'SIGKILL');
        await run.event('end');
      }
      if (end === 'host') run.signal('SIGKILL');
      const deadline = performance.now() + 10_000;
      let now = '';
      while ((now = await snapshot(sandbox)) !== before) assert.ok(performance.now() < deadline, `${end}: ${now}`);
      assert.doesNotMatch(await sandbox.shell(`grep ^0:: /proc/${String(pid)}/cgroup; kill ${String(pid)}`), /mirrord/);
    }
  });

  it('is inside where there are no cgroups, which is told when everything is routed', async () => {
    await sandbox.shell('mount -t tmpfs none /sys/fs/cgroup');
    for (const [network, warnings] of [
      [NETWORK, 0],
      [EVERYTHING, 2],
    ] as const) {
      const run = new HostRun(sandbox, { requests: [['network', network]] });
      const [told] = (await run.replies()) as [string[]];
      assert.equal(told.length, warnings, told.join('\n'));
      if (warnings > 0) assert.match(told[0] ?? '', /^Credential plugins use the session here \(.+\): keep their/);
      if (warnings > 1) assert.match(told[1] ?? '', /\(curl --interface\) bypasses the session here \(.+\)\.$/);
      await run.stop();
    }
  });
});
