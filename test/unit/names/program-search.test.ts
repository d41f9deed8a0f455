import assert from 'node:assert/strict';
import type { ProgramSearch } from '../../../src/names/program-search.ts';
import { programForm, searchedLabel } from '../../../src/names/program-search.ts';

const OURS = ['default.svc.cluster.local', 'cluster.local'];
const PLAIN: ProgramSearch = { search: ['corp.example'], ndots: 1, isStub: false, ofGlibc: null };
/** What has an answer: a service, by its bare name too, and what the office has. */
const KNOWN = ['web', 'web.default.svc.cluster.local', 'web.corp.example', 'intranet.corp.example', 'a.b'];

describe('what programs make of a name', () => {
  const form = (name: string, search: Partial<ProgramSearch>) =>
    programForm(name, { ...PLAIN, ...search }, OURS, async (each) => KNOWN.includes(each));

  const CASES: readonly [string, Partial<ProgramSearch>, object][] = [
    ['web', {}, { name: 'web.corp.example' }],
    ['web', { search: [] }, { name: 'web' }],
    ['web', { search: [...OURS, 'corp.example'] }, { name: 'web' }],
    ['web', { search: ['Corp.Example.', ...OURS] }, { name: 'web.corp.example' }],
    ['intranet', {}, { name: 'intranet.corp.example' }],
    ['a.b', {}, { name: 'a.b' }],
    ['a.b', { ndots: 5 }, { name: 'a.b' }],
    ['none', {}, { name: 'none' }],
    // The stub of systemd-resolved answers no bare label.
    ['web', { search: [], isStub: true }, { name: null }],
    ['a.b', { search: [], isStub: true }, { name: 'a.b' }],
    // nss-resolve asks for all at once, and puts nothing behind a name with a dot.
    ['web', { ofGlibc: ['corp.example', ...OURS] }, { name: 'web', rival: 'web.corp.example' }],
    ['intranet', { ofGlibc: ['corp.example', ...OURS] }, { name: 'intranet.corp.example' }],
    ['web', { ofGlibc: [] }, { name: null }],
    ['a.b', { ofGlibc: ['corp.example'] }, { name: 'a.b' }],
  ];
  for (const [name, search, expected] of CASES) {
    it(`${name} with ${JSON.stringify(search)}`, async () => assert.deepEqual(await form(name, search), expected));
  }

  it('finds the label that may have been told, behind no suffix of the cluster’s and no later one', () => {
    assert.equal(searchedLabel('web.corp.example', ['Corp.Example'], OURS), 'web');
    assert.equal(searchedLabel('web.corp.example', [...OURS, 'corp.example'], OURS), undefined);
    assert.equal(searchedLabel('web.lab.corp.example', ['corp.example'], OURS), undefined);
    assert.equal(searchedLabel('web.lab.corp.example', ['corp.example', 'lab.corp.example'], OURS), 'web');
    assert.equal(searchedLabel('corp.example', ['corp.example'], OURS), undefined);
  });
});
