import assert from 'node:assert/strict';
import { MUX, muxFrame } from '../../../src/mux/frame.ts';
import { KIND } from '../../../src/peer/opening.ts';
import type { Services } from '../../../src/peer/peer.ts';
import { askProbe } from '../../../src/peer/question.ts';
import { type TunnelStream, type WantedStream, connectTcp, serveTcp } from '../../../src/peer/tcp.ts';
import { sendUdp } from '../../../src/peer/udp.ts';
import { MuxPair, settled } from '../support/mux-pair.ts';

/** Gives back what it hears, behind the destination. */
function echo(flow: WantedStream): void {
  flow.accept();
  flow.onData = (chunk) => flow.write(Buffer.concat([Buffer.from(`${flow.host}:${flow.port} `), chunk]), () => {});
  flow.onEnd = () => flow.end();
}

/** Says `text` on the flow, and resolves to all that comes back. */
function say(flow: TunnelStream, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = '';
    flow.onData = (chunk) => (heard += Buffer.from(chunk).toString());
    flow.onEnd = () => resolve(heard);
    flow.onReset = () => reject(new Error('reset'));
    flow.write(Buffer.from(text), () => {});
    flow.end();
  });
}

describe('two peers', () => {
  let pair: MuxPair;
  let broken: string[];

  function connect(near: Services, far: Services): void {
    broken = [];
    const tell = { broken: (reason: string) => broken.push(reason) };
    pair = new MuxPair({ near: tell, far: tell, services: { near, far } });
  }
  afterEach(() => pair.close());

  it('serve each other alike, whoever opens', async () => {
    const services = { [KIND.tcp]: serveTcp(echo) };
    connect(services, services);
    const answers = [say(connectTcp(pair.near, 'far', 1), 'a'), say(connectTcp(pair.far, 'near', 2), 'b')];
    assert.deepEqual(await Promise.all(answers), ['far:1 a', 'near:2 b']);
    await settled(() => pair.near.size + pair.far.size === 0, 'both forget');
  });

  it('open on the tunnel by which a request came, while that stays open', async () => {
    const served = serveTcp((request) => {
      request.accept();
      void say(connectTcp(pair.far, 'back', request.port), 'c').then((heard) =>
        request.write(Buffer.from(heard), () => {}),
      );
    });
    connect({ [KIND.tcp]: serveTcp(echo) }, { [KIND.tcp]: served });
    const request = connectTcp(pair.near, 'far', 3);
    let heard = '';
    request.onData = (chunk) => (heard += Buffer.from(chunk).toString());
    await settled(() => heard !== '', 'word of the flow that came back');
    assert.equal(heard, 'back:3 c');
    await settled(() => pair.near.size === 1 && pair.far.size === 1, 'the request alone is left');
  });

  for (const opener of ['near', 'far'] as const)
    it(`refuse what they do not serve, and keep nothing of it, opened by ${opener}`, async () => {
      connect({}, {});
      const mux = pair[opener];
      assert.deepEqual(await connectTcp(mux, 'host', 1).opened, { ok: false, errno: 'EACCES' });
      assert.deepEqual(await sendUdp(mux, 'host', 1, 'socket').opened, { ok: false, errno: 'EACCES' });
      await assert.rejects(askProbe(mux, 'host'), /could not answer: EACCES/);
      assert.deepEqual([pair.near.size, pair.far.size, broken], [0, 0, []]);
    });

  for (const [end, bytes, id] of [
    ['near', 'farBytes', 2],
    ['far', 'nearBytes', 1],
  ] as const)
    it(`are broken by an opening that makes no sense, the ${end} one`, async () => {
      connect({}, {});
      await pair[end].ping();
      pair[bytes].write(muxFrame(id, MUX.open, Buffer.from([99, 0, 0])));
      pair[bytes].flush();
      await settled(() => broken.length > 0, 'the verdict');
      assert.match(broken.join(), /a malformed opening/);
    });
});
