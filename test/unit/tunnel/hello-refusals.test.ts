import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { createTunnel } from '../../../src/tunnel/client.ts';
import { FRAME, FrameDecoder, controlFrame, writeHeader } from '../../../src/tunnel/frame.ts';
import {
  REFUSAL,
  createChallenge,
  createSessionId,
  proofFrame,
  readChallenge,
  readRefusal,
  welcomeFrame,
} from '../../../src/tunnel/hello.ts';
import type { Claim } from '../../../src/tunnel/hello.ts';
import { PROTOCOL_VERSION } from '../../../src/tunnel/limits.ts';
import { createTunnelKey, readPublicKey } from '../../../src/tunnel/key.ts';
import type { TunnelKey } from '../../../src/tunnel/key.ts';
import { TunnelServer } from '../../../src/tunnel/server.ts';
import type { TunnelService } from '../../../src/tunnel/service.ts';
import type { Tunnel } from '../../../src/tunnel/tunnel.ts';

const service: TunnelService = {
  tcp: (flow) => flow.refuse('ECONNREFUSED'),
  udp: (flow) => flow.refuse('ECONNREFUSED'),
  resolve: async (message) => message,
  probe: async () => ({ ok: true }),
  environment: () => Promise.resolve({ missing: 'unfound' }),
  info: () => ({
    version: 'x',
    node: 'x',
    hostname: 'x',
    addresses: [],
    resolvConf: '',
    serviceHost: null,
    ipv6: false,
  }),
};
const key = createTunnelKey();
const claim: Claim = { version: PROTOCOL_VERSION, session: createSessionId(), resume: false, received: 0 };

/** Speaks to the agent by hand; resolves to the code of the refusal. */
function refusalOf(transport: Duplex, answer: (nonce: Buffer) => Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const decoder = new FrameDecoder({
      data: () => reject(new Error('data')),
      control(type, payload) {
        if (type === FRAME.challenge) transport.write(answer(readChallenge(payload)?.nonce ?? Buffer.alloc(0)));
        else if (type === FRAME.refusal) resolve(readRefusal(payload).code);
        else reject(new Error(`frame ${type}`));
      },
    });
    transport.on('data', (chunk: Buffer) => decoder.push(chunk));
  });
}

describe('the hello', () => {
  let server: TunnelServer;
  let tunnel: Tunnel;
  const dial = async (): Promise<Duplex> => {
    const [near, far] = duplexPair();
    server.accept(far);
    return near;
  };
  const open = (by: TunnelKey): Promise<Tunnel> => createTunnel(dial, by, {}, { lost() {}, resumed() {}, dead() {} });

  beforeEach(async () => {
    server = new TunnelServer({ publicKey: readPublicKey(key.publicKey) }, service, { connected() {}, note() {} });
    tunnel = await open(key);
  });
  afterEach(async () => {
    // Whatever happened, the others are unharmed.
    assert.equal((await tunnel.info()).version, 'x');
    tunnel.close();
    server.close('over');
  });

  it('refuses another key, and says so to the client', async () => {
    await assert.rejects(open(createTunnelKey()), { code: 'tunnel-key' });
  });

  it('fails when the agent leaves in the same breath as it welcomes', async () => {
    const leaving = async (): Promise<Duplex> => {
      const [near, far] = duplexPair();
      far.write(createChallenge().frame);
      far.once('data', () =>
        far.write(Buffer.concat([welcomeFrame(0), controlFrame(FRAME.close, Buffer.from('bye'))])),
      );
      return near;
    };
    await assert.rejects(createTunnel(leaving, key, {}, { lost() {}, resumed() {}, dead() {} }), /bye/);
  });

  it('refuses another version, before it looks at the rest', async () => {
    const proof = controlFrame(FRAME.proof, Buffer.from([0x7f, 0xff, 1, 2, 3]));
    assert.equal(await refusalOf(await dial(), () => proof), REFUSAL.version);
  });

  it('refuses a proof for another challenge', async () => {
    assert.equal(await refusalOf(await dial(), () => proofFrame(claim, randomBytes(32), key.privateKey)), REFUSAL.key);
  });

  it('refuses a claim that was changed after signing', async () => {
    const code = await refusalOf(await dial(), (nonce) => {
      const frame = proofFrame(claim, nonce, key.privateKey);
      frame[10] = (frame[10] ?? 0) ^ 1;
      return frame;
    });
    assert.equal(code, REFUSAL.key);
  });

  it('refuses to resume what it does not know', async () => {
    const resume = { ...claim, session: createSessionId(), resume: true };
    assert.equal(
      await refusalOf(await dial(), (nonce) => proofFrame(resume, nonce, key.privateKey)),
      REFUSAL.unknownSession,
    );
  });

  it('refuses an offset that was never sent', async () => {
    const resume = { ...claim, received: 1 };
    assert.equal(
      await refusalOf(await dial(), (nonce) => proofFrame(resume, nonce, key.privateKey)),
      REFUSAL.malformed,
    );
  });

  it('refuses garbage, other frames, and frames that are too long', async () => {
    const long = Buffer.alloc(4);
    writeHeader(long, FRAME.proof, 0xff_ff_ff);
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      controlFrame(FRAME.ping, Buffer.alloc(8)),
      long,
      Buffer.from([0, 0, 0, 1, 7]),
      controlFrame(FRAME.proof, Buffer.alloc(0)),
    ]) {
      assert.equal(await refusalOf(await dial(), () => bytes), REFUSAL.malformed);
    }
  });

  it('lets random bytes and silent clients do no harm', async () => {
    for (let i = 0; i < 200; i++) {
      const transport = await dial();
      transport.resume().on('error', () => {});
      transport.write(randomBytes(1 + ((i * 37) % 1_500)));
      if (i % 3 === 0) transport.destroy();
    }
    tunnel = await open(key);
  });

  it('is refused by the client when what answers is no agent', async () => {
    const impostor = async (): Promise<Duplex> => {
      const [near, far] = duplexPair();
      far.write('SSH-2.0-OpenSSH_9.2p1\r\n');
      return near;
    };
    await assert.rejects(createTunnel(impostor, key, {}, { lost() {}, resumed() {}, dead() {} }), {
      code: 'tunnel-not-an-agent',
    });
  });

  it('ends when the caller gives up', async () => {
    const [near] = duplexPair();
    const signal = AbortSignal.timeout(20);
    await assert.rejects(
      createTunnel(async () => near, key, { signal }, { lost() {}, resumed() {}, dead() {} }),
      { name: 'TimeoutError' },
    );
    assert.ok(near.destroyed);
  });
});
