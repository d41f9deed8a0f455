import assert from 'node:assert/strict';
import { ownerLabel } from '../../../src/kube/agent/manifest.ts';

describe('the owner of an agent', () => {
  it('is one user on one machine, also among machines of one name, and is told to nobody', () => {
    assert.equal(ownerLabel('a'), ownerLabel('a'));
    assert.notEqual(ownerLabel('a'), ownerLabel('b'));
    assert.match(ownerLabel(), /^[0-9a-f]{16}$/);
  });
});
