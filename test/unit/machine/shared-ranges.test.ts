import assert from 'node:assert/strict';
import type { MirrordError } from '../../../src/errors.ts';
import { refuseSharedRanges } from '../../../src/machine/shared-ranges.ts';

const RESOLVER = '198.19.0.53/32';

function refusal(wished: readonly string[], theirs: readonly string[]): { message: string; help: string } | undefined {
  try {
    refuseSharedRanges('second', wished, [{ name: 'default', routes: theirs }]);
    return undefined;
  } catch (error) {
    const { code, message, help = '' } = error as MirrordError;
    assert.equal(code, 'sessions-overlap');
    return { message, help };
  }
}

describe('ranges of two sessions', () => {
  it('pass when they have nothing in common', () => {
    assert.equal(refusal([RESOLVER, '10.96.0.0/16', 'fd00:1::/64'], ['10.97.0.0/16', 'fd00:2::/64']), undefined);
    assert.equal(refusal([], ['0.0.0.0/0']), undefined);
  });

  it('are refused with all that is common; leaving them out is offered where something remains', () => {
    assert.deepEqual(refusal(['10.96.0.0/16', '10.244.0.0/16', '10.1.0.0/16'], ['10.96.7.0/24', '10.0.0.0/9']), {
      message: 'Session second would route 10.96.0.0/16, 10.1.0.0/16, which session default already routes.',
      help: 'End it first: mirrord down --name default. Or exclude these ranges: --exclude-route 10.96.0.0/16 --exclude-route 10.1.0.0/16',
    });
  });

  it('are refused without that advice where nothing would remain but the resolver', () => {
    const found = refusal([RESOLVER, '10.96.0.0/16', 'fd00:1::/64'], ['10.0.0.0/8', 'fd00::/8']);
    assert.match(found?.help ?? '', /^End it first: mirrord down --name default\. Several sessions/);
    assert.doesNotMatch(found?.help ?? '', /--exclude-route/);
  });
});
