import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { createTunnel } from '../../../src/peer/client.ts';
import { FRAME, FrameDecoder, HEADER_LENGTH, controlFrame, writeHeader } from '../../../src/connection/frame.ts';
import {
  REFUSAL,
  createChallenge,
  createProof,
  createSessionId,
  readChallenge,
  readRefusal,
  welcomeFrame,
} from '../../../src/connection/hello.ts';
import type { Claim } from '../../../src/connection/hello.ts';
import { PROTOCOL_VERSION } from '../../../src/connection/limits.ts';
import { createTunnelKey, readPublicKey } from '../../../src/connection/key.ts';
import type { TunnelKey } from '../../../src/connection/key.ts';
import { agentServices } from '../../../src/peer/agent-services.ts';
import { TunnelServer } from '../../../src/peer/server.ts';
import type { TunnelService } from '../../../src/peer/service.ts';
import type { Tunnel } from '../../../src/peer/tunnel.ts';

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
    hosts: '',
    serviceHost: null,
    ipv6: false,
  }),
};
const key = createTunnelKey();
const claim: Claim = { version: PROTOCOL_VERSION, session: createSessionId(), resume: false, received: 0 };

function proofFrame(claimed: Claim, challenge: Buffer, by: TunnelKey = key): Buffer {
  return controlFrame(FRAME.proof, createProof(claimed, challenge, by.privateKey));
}

const silent = { lost() {}, resumed() {}, dead() {} };

/**
 * Answers like an agent with `agent`'s key.  `challenge` is said instead of one of its own; `sign` makes the welcome;
 * `heard` gets what comes after it.
 */
function impostor(
  agent: TunnelKey,
  { challenge = createChallenge(agent), received = 0, heard = (_view: Buffer): void => {} },
): Duplex {
  const [near, far] = duplexPair();
  const decoder = new FrameDecoder({
    data: (view) => heard(view),
    control(type, proof) {
      if (type === FRAME.proof) far.write(welcomeFrame(received, challenge, proof, agent));
    },
  });
  far.on('data', (chunk: Buffer) => decoder.push(chunk));
  far.write(controlFrame(FRAME.challenge, challenge));
  return near;
}

/** Speaks to the agent by hand; resolves to the code of the refusal. */
function refusalOf(transport: Duplex, answer: (challenge: Buffer) => Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const decoder = new FrameDecoder({
      data: () => reject(new Error('data')),
      control(type, payload) {
        if (type === FRAME.challenge) transport.write(answer(readChallenge(payload)?.payload ?? Buffer.alloc(0)));
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
  const open = (by: TunnelKey): Promise<Tunnel> => createTunnel(dial, by, {}, silent);

  beforeEach(async () => {
    server = new TunnelServer({ publicKey: readPublicKey(key.publicKey) }, agentServices(service), {
      connected() {},
      note() {},
    });
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
      const agent = createTunnelKey();
      const challenge = createChallenge(agent);
      far.write(controlFrame(FRAME.challenge, challenge));
      far.once('data', (proof: Buffer) => {
        const welcome = welcomeFrame(0, challenge, proof.subarray(HEADER_LENGTH), agent);
        far.write(Buffer.concat([welcome, controlFrame(FRAME.close, Buffer.from('bye'))]));
      });
      return near;
    };
    await assert.rejects(createTunnel(leaving, key, {}, silent), /bye/);
  });

  it('refuses another version, before it looks at the rest', async () => {
    const proof = controlFrame(FRAME.proof, Buffer.from([0x7f, 0xff, 1, 2, 3]));
    assert.equal(await refusalOf(await dial(), () => proof), REFUSAL.version);
  });

  it('refuses a proof for another challenge', async () => {
    assert.equal(
      await refusalOf(await dial(), () => proofFrame(claim, createChallenge(createTunnelKey()))),
      REFUSAL.key,
    );
  });

  it('refuses a claim that was changed after signing', async () => {
    const code = await refusalOf(await dial(), (challenge) => {
      const frame = proofFrame(claim, challenge);
      frame[10] = (frame[10] ?? 0) ^ 1;
      return frame;
    });
    assert.equal(code, REFUSAL.key);
  });

  it('refuses to resume what it does not know', async () => {
    const resume = { ...claim, session: createSessionId(), resume: true };
    assert.equal(await refusalOf(await dial(), (challenge) => proofFrame(resume, challenge)), REFUSAL.unknownSession);
  });

  it('refuses an offset that was never sent', async () => {
    const resume = { ...claim, received: 1 };
    assert.equal(await refusalOf(await dial(), (challenge) => proofFrame(resume, challenge)), REFUSAL.malformed);
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
    const stranger = async (): Promise<Duplex> => {
      const [near, far] = duplexPair();
      far.write('SSH-2.0-OpenSSH_9.2p1\r\n');
      return near;
    };
    await assert.rejects(createTunnel(stranger, key, {}, silent), {
      code: 'tunnel-not-an-agent',
    });
  });

  it('is refused by the client when another program has taken the port of the agent that it knows', async () => {
    const agents = [createTunnelKey(), createTunnelKey()] as const;
    const first = createChallenge(agents[0]);
    for (const [what, second] of Object.entries({
      'with a key of its own': { challenge: createChallenge(agents[1]), by: agents[1] },
      "with the agent's word, but not its key": { challenge: first, by: agents[1] },
    })) {
      const transports: Duplex[] = [];
      let said = '';
      const taken = (view: Buffer): void => {
        said += view.toString('latin1');
      };
      const dialled = async (): Promise<Duplex> => {
        const near =
          transports.length === 0
            ? impostor(agents[0], { challenge: first })
            : impostor(second.by, { challenge: second.challenge, heard: taken });
        transports.push(near);
        return near;
      };
      const dead = Promise.withResolvers<string>();
      const bound = await createTunnel(dialled, key, {}, { ...silent, dead: dead.resolve });
      const flow = bound.connect('secret.example', 443);
      const reset = new Promise<void>((resolve) => (flow.onReset = resolve));
      transports[0]?.destroy();
      assert.match(await dead.promise, /not the mirrord agent/, what);
      await reset;
      assert.equal(said, '', 'it hears nothing of the session');
      assert.equal(transports.length, 2);
    }
  });

  it('is refused by the client when the welcome is for another hello', async () => {
    const agent = createTunnelKey();
    const [near, far] = duplexPair();
    const challenge = createChallenge(agent);
    far.write(controlFrame(FRAME.challenge, challenge));
    far.once('data', () => far.write(welcomeFrame(0, challenge, Buffer.alloc(121), agent)));
    await assert.rejects(
      createTunnel(async () => near, key, {}, silent),
      { code: 'tunnel-not-an-agent' },
    );
  });

  it('ends when the caller gives up', async () => {
    const [near] = duplexPair();
    const signal = AbortSignal.timeout(20);
    await assert.rejects(
      createTunnel(async () => near, key, { signal }, silent),
      { name: 'TimeoutError' },
    );
    assert.ok(near.destroyed);
  });
});
