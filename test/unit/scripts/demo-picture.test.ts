import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { service } from '../../../scripts/sandbox/addresses.ts';
import { BEFORE, acts } from '../../../scripts/support/demo/acts.ts';
import { pictureOf, rowsOf } from '../../../scripts/support/demo/picture.ts';

const PICTURE = readFileSync(join(import.meta.dirname, '../../../docs/demo.svg'), 'utf8');

/** The lines in the picture, in order, those that were too long for it in one again. */
const text = [...PICTURE.matchAll(/<text[^>]*>(.*)<\/text>/g)]
  .map(([, line = '']) =>
    line.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
  )
  .join('');

describe('the picture of the demo', () => {
  it('has what scripts/demo does and says; otherwise run scripts/demo-picture', () => {
    const props = {
      node: 'node',
      mirrord: 'mirrord',
      binary: 'x',
      greeting: 'db.prod.svc 5432',
      address: service(1).v4,
    };
    let from = 0;
    for (const act of [BEFORE, ...acts(props)]) {
      const wanted = 'say' in act ? act.say : `$ ${act.shown}`;
      const at = text.indexOf(wanted, from);
      assert.ok(at >= 0, `${wanted} is not there, or not in its place`);
      from = at + wanted.length;
    }
  });

  it('has the first screen of today, and nothing that was not as promised', () => {
    for (const label of [
      '✔ agent     ',
      '✔ routes    ',
      '✔ names     ',
      'Ready. Every program on this machine is in ',
      '  check     ',
    ]) {
      assert.ok(text.includes(label), label);
    }
    assert.ok(text.endsWith('✔ all of the demo is gone'), text.slice(-100));
    assert.ok(!text.includes('✘'));
  });

  it('has no path of the machine that it was made on, no script, and nothing from elsewhere', () => {
    assert.doesNotMatch(PICTURE, /\/(home|root|work|tmp|usr)\/|<script|href|url\(|@import/);
  });

  it('breaks long lines at words, and loses nothing of them', () => {
    const line = `Two network namespaces ${'of this machine '.repeat(12)}.`;
    const rows = rowsOf(`\n${line}\n`).map((row) => row.text);
    assert.equal(rows.join(''), line);
    for (const row of rows.slice(0, -1)) assert.match(row, /^.{80,95} $/);
  });

  it('is made of the lines from the first word on', () => {
    const rows = rowsOf('set-up\n\nTwo network namespaces of this machine.\n\n$ curl <x>\nanswer\n');
    assert.deepEqual(rows, [
      { text: 'Two network namespaces of this machine.', kind: 'narration' },
      { text: '', kind: 'output' },
      { text: '$ curl <x>', kind: 'command' },
      { text: 'answer', kind: 'output' },
    ]);
    assert.match(pictureOf(rows), /<text class="command" [^>]*>\$ curl &lt;x&gt;<\/text>/);
  });
});
