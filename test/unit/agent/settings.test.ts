import assert from 'node:assert/strict';
import { readNameServers } from '../../../src/agent/name-servers.ts';
import { readSettings, readSocketPath } from '../../../src/agent/settings.ts';
import { createTunnelKey } from '../../../src/connection/key.ts';

describe("the agent's environment", () => {
  it('names a place to listen, which no other machine reaches', () => {
    assert.equal(readSocketPath({ MIRRORD_LISTEN: 'unix:/run/a' }), '/run/a');
    for (const MIRRORD_LISTEN of ['', 'tcp:0.0.0.0:80', 'tcp:127.0.0.1:80', 'unix:relative']) {
      assert.throws(() => readSocketPath({ MIRRORD_LISTEN }), /MIRRORD_LISTEN/, MIRRORD_LISTEN);
    }
  });

  it('tells no hosts file where it is given a resolv.conf: that is the client’s own machine', () => {
    const environment = { MIRRORD_PUBLIC_KEY: createTunnelKey().publicKey, MIRRORD_LISTEN: 'unix:/a' };
    assert.match(readSettings(environment).hosts, /localhost/);
    assert.equal(readSettings({ ...environment, MIRRORD_RESOLV_CONF: '' }).hosts, '');
  });

  it('takes the key raw or as SubjectPublicKeyInfo, and refuses anything else by name', () => {
    const raw = createTunnelKey().publicKey;
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(raw, 'base64')]).toString(
      'base64',
    );
    for (const MIRRORD_PUBLIC_KEY of [raw, spki]) {
      const { publicKey } = readSettings({ MIRRORD_PUBLIC_KEY, MIRRORD_RESOLV_CONF: '' });
      assert.equal(publicKey.asymmetricKeyType, 'ed25519');
    }
    assert.throws(() => readSettings({ MIRRORD_PUBLIC_KEY: 'AAAA' }), /MIRRORD_PUBLIC_KEY/);
    assert.throws(() => readSettings({}), /MIRRORD_PUBLIC_KEY is not set/);
  });

  it('yields the name servers of a resolv.conf', () => {
    const text =
      '# x\nnameserver 10.96.0.10\n nameserver  fd00::a\nnameserver nonsense\noptions ndots:5 attempts:3\nnameserver [127.0.0.1]:5353\nnameserver 10.0.0.4\n';
    assert.deepEqual(readNameServers(text), {
      servers: [
        { address: '10.96.0.10', port: 53 },
        { address: 'fd00::a', port: 53 },
        { address: '127.0.0.1', port: 5353 },
      ],
      attempts: 3,
    });
    assert.deepEqual(readNameServers('').servers, [{ address: '127.0.0.1', port: 53 }]);
  });
});
