import assert from 'node:assert/strict';
import { formatRights, formatSkipped } from '../../../src/cli/doctor.ts';
import { shownFinding } from '../support/screen.ts';

const finding = (id: string, state: 'ok' | 'warning' | 'failed' | 'skipped', detail: string, fix = '') => ({
  id,
  title: `title of ${id}`,
  state,
  detail,
  fix,
});

describe('doctor’s findings for people', () => {
  it('are a line with a mark, and lines with what to do', () => {
    assert.equal(shownFinding(finding('a', 'ok', 'fine')), '✔ title of a: fine\n');
    assert.equal(shownFinding(finding('b', 'warning', 'odd', 'mend it')), '! title of b: odd\n    → mend it\n');
    assert.equal(shownFinding(finding('c', 'failed', 'bad', 'x\ny')), '✘ title of c: bad\n    → x\n    → y\n');
  });

  it('have the rights that are there on one line', () => {
    const there = ['a', 'b', 'c'].map((id) => finding(id, 'ok', 'fine'));
    assert.equal(formatRights(there), '✔ rights: all 3 are there\n');
    assert.equal(formatRights([...there, finding('d', 'warning', 'no')]), '✔ rights: 3 of 4 are there\n');
    assert.equal(formatRights([finding('d', 'failed', 'no')]), '');
    assert.equal(formatRights([]), '');
  });

  it('gather what was passed over by its reason', () => {
    const findings = [
      finding('a', 'skipped', 'no kubeconfig'),
      finding('b', 'ok', 'fine'),
      finding('c', 'skipped', 'no session'),
      ...['d', 'e', 'f'].map((id) => finding(id, 'skipped', 'no kubeconfig')),
    ];
    assert.equal(
      formatSkipped(findings),
      '- title of a, title of d, title of e and 1 more: no kubeconfig\n- title of c: no session\n',
    );
    assert.equal(formatSkipped([finding('b', 'ok', 'fine')]), '');
  });
});
