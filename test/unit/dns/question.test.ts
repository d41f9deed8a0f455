import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeQuestion, isTruncated, readAnswer } from '../../../src/dns/question.ts';
import { answerTo, asked } from '../support/dns.ts';

describe('a question of our own', () => {
  const question = encodeQuestion('db.prod', 'A');
  const TC = 0x0200;

  it('is one that any server reads', () => assert.equal(asked(question), 'db.prod A'));

  it('has the addresses of its answer, by whatever aliases', () => {
    const answer = answerTo(question, [
      { name: 'db.prod', type: 'CNAME', data: 'db.prod.svc.cluster.local' },
      { name: 'db.prod.svc.cluster.local', type: 'A', data: '10.96.0.20' },
      { name: 'db.prod.svc.cluster.local', type: 'AAAA', data: 'fd00:10:96::20' },
    ]);
    assert.deepEqual(readAnswer(answer), { addresses: ['10.96.0.20', 'fd00:10:96::20'] });
  });

  it('has the reason where there are none', () => {
    assert.deepEqual(readAnswer(answerTo(question, [])), { addresses: [], failure: 'no address' });
    assert.deepEqual(readAnswer(answerTo(question, [], 3)), { addresses: [], failure: 'NXDOMAIN' });
    assert.deepEqual(readAnswer(answerTo(question, [], 2)), { addresses: [], failure: 'SERVFAIL' });
  });

  it('is asked by TCP where the answer is cut short', () => {
    assert.equal(isTruncated(answerTo(question, [])), false);
    assert.equal(isTruncated(answerTo(question, [], TC)), true);
  });

  it('takes any bytes for an answer that cannot be read', () => {
    const whole = answerTo(question, [{ name: 'db.prod', type: 'A', data: '10.96.0.20' }]);
    for (let length = 0; length < whole.length; length++) {
      assert.deepEqual(readAnswer(whole.subarray(0, length)).addresses, [], `${length} bytes`);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void readAnswer(bytes)));
  });
});
