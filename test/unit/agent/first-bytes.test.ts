import assert from 'node:assert/strict';
import { judge } from '../../../src/agent/incoming/first-bytes.ts';
import { PROBE_HEAD_BYTES } from '../../../src/agent/incoming/limits.ts';

const head = (...lines: string[]): string =>
  `GET /healthz HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

describe('the first bytes of a connection to a taken port', () => {
  it("are the kubelet's by its own word, in whatever case", () => {
    for (const name of ['User-Agent', 'user-agent', 'USER-AGENT'])
      assert.equal(judge(Buffer.from(head('Host: 10.0.0.1', `${name}: kube-probe/1.34`, 'Accept: */*'))), 'probe');
  });

  it('are nobody else’s', () => {
    for (const other of ['User-Agent: curl/8', 'X-User-Agent: kube-probe/1.34', 'User-Agent: not kube-probe/1.34'])
      assert.equal(judge(Buffer.from(head(other))), 'other');
    assert.equal(judge(Buffer.from(`${head('Host: x')}User-Agent: kube-probe/1.34\r\n`)), 'other', 'in the body');
  });

  it('are known as soon as they cannot be a probe, at every byte', () => {
    for (const other of ['POST / HTTP/1.1\r\n', '\x16\x03\x01', 'PRI * HTTP/2.0\r\n', 'GE\r\n'])
      assert.equal(judge(Buffer.from(other)), 'other');
    const probe = Buffer.from(head('User-Agent: kube-probe/1.34'));
    for (let length = 0; length < probe.length; length++) assert.equal(judge(probe.subarray(0, length)), null);
  });

  it('that never end are not waited for', () =>
    assert.equal(judge(Buffer.from(`GET /${'a'.repeat(PROBE_HEAD_BYTES)}`)), 'other'));
});
