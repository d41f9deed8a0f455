import assert from 'node:assert/strict';
import { MirrordError, describeError } from '../../src/errors.ts';
import { asClause, asSentence } from '../../src/sentence.ts';

const read = (message: string): string => describeError(new MirrordError('cluster', 'api-timeout', message)).message;

describe('messages as people read them', () => {
  for (const [message, sentence] of [
    ['the proxy http://proxy:3128 gives no answer', 'The proxy http://proxy:3128 gives no answer.'],
    ["agent's pod is gone: exit code 3", "Agent's pod is gone: exit code 3."],
    ['port-forward to pod shop/a failed', 'Port-forward to pod shop/a failed.'],
    ['There is no session.', 'There is no session.'],
    ['Is it running?', 'Is it running?'],
    ['"x" is not a port', '"x" is not a port.'],
  ] as const) {
    it(`are sentences: ${message}`, () => assert.equal(read(message), sentence));
  }

  it('begin with a key, a path, a name or a program as it is written', () => {
    for (const message of [
      'feature.env has both.',
      '/etc/resolv.conf cannot be written.',
      'web-7c9f has no container.',
      'mirrord.json:3: it is empty.',
      'mirrord up has no flag --x.',
    ]) {
      assert.equal(read(message), message);
    }
  });

  it('keep the end of what was quoted, or listed', () => {
    assert.equal(read('the agent ended; its log ends with:\nboom'), 'The agent ended; its log ends with:\nboom');
    assert.equal(read('Said "go away."'), 'Said "go away."');
  });

  it('fit into another sentence', () => {
    assert.equal(asClause('The API server does not answer.'), 'the API server does not answer');
    assert.equal(asSentence(asClause('The API server does not answer.')), 'The API server does not answer.');
  });
});
