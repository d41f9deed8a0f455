import assert from 'node:assert/strict';
import { once } from 'node:events';
import { HostRun, NETWORK } from '../support/host-run.ts';
import { Sandbox } from '../support/sandbox.ts';

const OWN = { host: '192.168.7.1', port: 4000 };
/** A connection of the machine's own, to its neighbour. */
const ELSEWHERE = { source: OWN, destination: { host: '192.168.7.254', port: 7 } };

describe('connections that a session wants ended', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await Sandbox.open();
  });
  afterEach(() => sandbox.close());

  it('are not ended when they never went its way', async () => {
    const far = sandbox.spawn('ip', ['netns', 'exec', 'far', 'socat', '-d', '-d', 'TCP-LISTEN:7,reuseaddr', 'PIPE']);
    await once(far.stderr, 'data');
    const near = sandbox.spawn('socat', ['-', 'TCP:192.168.7.254:7,bind=192.168.7.1:4000']);
    near.stdin.write('before\n');
    await once(near.stdout, 'data');
    const run = new HostRun(sandbox, {
      requests: [
        ['network', NETWORK],
        ['bound', [ELSEWHERE, { source: OWN, destination: { host: '10.96.0.4', port: 80 } }]],
      ],
    });
    await run.replies();
    const filter = await sandbox.shell('cat $(find /run/mirrord -name "undo-*.sockets")');
    assert.match(filter, /src 192\.168\.7\.1:4000 and dst 10\.96\.0\.4:80/);
    assert.doesNotMatch(filter, /192\.168\.7\.254/);
    process.kill(run.sessionPid(), 'SIGKILL');
    await run.event('end');
    near.stdin.write('after\n');
    assert.equal(String(((await once(near.stdout, 'data')) as [Buffer])[0]), 'after\n');
    near.kill();
    far.kill();
  });
});
