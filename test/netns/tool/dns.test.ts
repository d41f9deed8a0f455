import assert from 'node:assert/strict';
import { pod, service } from '../../../scripts/sandbox/addresses.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up, DNS as dig sees it', () => {
  const world = useSession();
  const payment = 'payment-service.default.svc.cluster.local';
  const dig = (...args: string[]): Promise<string> => world.run('dig', '+tries=1', '+time=3', ...args);

  for (const transport of ['+notcp', '+tcp']) {
    it(`answers A, AAAA, SRV and PTR (${transport})`, async () => {
      assert.equal(await dig(transport, '+short', payment, 'A'), `${service(1).v4}\n`);
      assert.equal(await dig(transport, '+short', payment, 'AAAA'), `${service(1).v6}\n`);
      assert.equal(
        (await dig(transport, '+short', '_http._tcp.cache.default.svc.cluster.local', 'SRV'))
          .split('\n')
          .sort()
          .join('\n'),
        '\n0 100 8080 cache-0.cache.default.svc.cluster.local.\n0 100 8080 cache-1.cache.default.svc.cluster.local.',
      );
      assert.equal(await dig(transport, '+short', '-x', pod(11).v4), 'cache-0.cache.default.svc.cluster.local.\n');
      assert.equal(await dig(transport, '+short', '-x', pod(11).v6), 'cache-0.cache.default.svc.cluster.local.\n');
    });
  }

  it('gives the name as it was asked, letters and all', async () => {
    const answer = await dig('+noall', '+answer', 'PayMent-Service.default.SVC.cluster.local', 'A');
    assert.match(answer, /^PayMent-Service\.default\.SVC\.cluster\.local\./);
  });

  it('keeps a cluster answer for at most 5 s', async () => {
    const [, ttl] = (await dig('+noall', '+answer', payment, 'A')).split(/\s+/);
    assert.ok(Number(ttl) <= 5, ttl);
  });

  it('says NXDOMAIN for no such name, and NODATA for a name without that type', async () => {
    assert.match(await dig('no-such.default.svc.cluster.local', 'A'), /status: NXDOMAIN/);
    const nodata = await dig('v4only.default.svc.cluster.local', 'AAAA');
    assert.match(nodata, /status: NOERROR/);
    assert.match(nodata, /ANSWER: 0/);
  });

  it('passes public names to the server that the machine used before', async () => {
    assert.equal(await dig('+short', 'www.example.com', 'A'), '203.0.113.80\n');
    assert.match(await dig('nothing.example.com', 'A'), /status: NXDOMAIN/);
  });

  it('truncates over UDP, and gives the whole over TCP', async () => {
    assert.match(await dig('+ignore', '+noedns', 'large.example.com', 'TXT'), /flags:[^;]* tc/);
    assert.ok((await dig('+short', 'large.example.com', 'TXT')).length > 4000);
  });

  it('answers a question sent to the machine’s own server address', async () => {
    assert.equal(await dig('@198.51.100.53', '+short', payment, 'A'), `${service(1).v4}\n`);
  });
});
