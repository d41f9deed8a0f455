import assert from 'node:assert/strict';
import { mirrord, statuses, useSession } from '../support/session.ts';

describe('mirrord status', () => {
  const world = useSession();

  it('tells the user who started it everything, as JSON', async () => {
    const [status, ...others] = await statuses(world.sandbox, 'developer');
    assert.deepEqual(others, []);
    assert.ok(status);
    assert.equal(status.name, 'default');
    assert.equal(status.state, 'ready');
    assert.equal(status.target, `netns/${world.sandbox.target}`);
    assert.equal(status.cluster, null);
    assert.ok(status.routes.includes('10.96.0.0/16'), status.routes.join(' '));
    assert.ok(status.routes.includes('10.244.0.0/16'), status.routes.join(' '));
    assert.ok(status.routes.includes('fd00:10:96::/112'), status.routes.join(' '));
    assert.ok(status.dns.domains.includes('cluster.local'), status.dns.domains.join(' '));
    assert.equal(status.dns.mode, 'nftables');
    const promised = [
      'agent',
      'bytes',
      'cluster',
      'dns',
      'flows',
      'pid',
      'routes',
      'state',
      'network_namespace',
      'transport',
      'tun',
      'user',
      'warnings',
    ];
    assert.deepEqual(
      promised.filter((key) => !(key in status)),
      [],
    );
    const { stdout } = await world.sandbox.developer.run('ip', ['-o', 'link', 'show', status.tun.name]);
    assert.match(stdout, new RegExp(`mtu ${status.tun.mtu} `));
  });

  it('is the session process, which runs as the user', async () => {
    const [status] = await statuses(world.sandbox);
    const { stdout } = await world.sandbox.developer.run('stat', ['-c', '%u', `/proc/${status?.pid}`]);
    assert.equal(stdout, '4242\n');
  });

  it('reads well', async () => {
    const { stdout } = await mirrord(world.sandbox, ['status']);
    assert.match(stdout, /^default: ready \(pid \d+, user developer\)\n {2}target {5}netns\//);
  });

  it('fails for a name that is not up, and says which are', async () => {
    const { code, stderr } = await mirrord(world.sandbox, ['status', '--name', 'other']);
    assert.equal(code, 2);
    assert.match(stderr, /^Error: No session 'other' is up\.\n.*up --name other\n.*--name: default\n$/);
    const json = await mirrord(world.sandbox, ['status', '--name', 'other', '--json']);
    assert.equal((JSON.parse(json.stderr) as { error: { code: string } }).error.code, 'session-not-running');
  });

  it('what up printed has no control bytes, and one line a step', () => {
    const { output } = world.session;
    assert.ok(
      output.split('').every((character) => character === '\n' || character >= ' '),
      JSON.stringify(output),
    );
    assert.match(
      output,
      /^✔ agent {5}.*\n✔ routes {4}.*\n✔ names {5}.*\n\nReady\. Every .* Ctrl-C to stop\.\n( {2}\w+ +.*\n)+$/,
    );
  });
});
