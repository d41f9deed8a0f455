import { strict as assert } from 'node:assert';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { HostsFile, parseHosts } from '../../../src/dns/hosts-file.ts';

describe('the hosts file', () => {
  it("gives every address of a name, whatever its case, in the file's order", () => {
    const table = parseHosts(
      [
        '# 10.0.0.1 commented',
        '127.0.0.1\tlocalhost  Example-Hostname.svc. # and the rest',
        '::1 localhost localhost',
        'fe80::1%lo0 scoped\r',
        'no-address name',
        '10.0.0.2',
        '127.0.0.1 localhost',
      ].join('\n'),
    );
    assert.deepEqual(Object.fromEntries(table), {
      localhost: ['127.0.0.1', '::1'],
      'example-hostname.svc': ['127.0.0.1'],
      scoped: ['fe80::1%lo0'],
    });
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseHosts(text)));
  });

  it('is read again when it has changed, appears or goes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
    const path = join(folder, 'hosts');
    const file = new HostsFile(path);
    try {
      assert.equal(await file.lookup(['db']), undefined);
      writeFileSync(path, '127.0.0.1 db\n');
      assert.deepEqual(await file.lookup(['db.default', 'db']), ['127.0.0.1']);
      // Replaced as editors do it: another file under the same name.
      writeFileSync(`${path}.new`, '127.0.0.2 db\n');
      renameSync(`${path}.new`, path);
      assert.deepEqual(await file.lookup(['db']), ['127.0.0.2']);
      rmSync(path);
      assert.equal(await file.lookup(['db']), undefined);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
