import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { O_PATH, openBelow } from '../../../src/machine/linux/system/open-below.ts';

describe('a path below another root', () => {
  let folder: string;
  let root: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-root-'));
    root = openSync(folder, O_PATH);
  });
  afterEach(() => {
    closeSync(root);
    rmSync(folder, { recursive: true });
  });

  const put = (path: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), path);
  };
  const link = (path: string, target: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(target, join(folder, path));
  };
  const content = (path: string): string => {
    const fd = openBelow(root, path);
    try {
      return readFileSync(`/proc/self/fd/${fd}`, 'utf8');
    } finally {
      closeSync(fd);
    }
  };

  const CASES: Record<string, { readonly links: Readonly<Record<string, string>>; readonly file: string }> = {
    'no link': { links: {}, file: '/etc/resolv.conf' },
    'an absolute link': { links: { '/etc/resolv.conf': '/run/stub.conf' }, file: '/run/stub.conf' },
    'a relative one': { links: { '/etc/resolv.conf': '../run/stub.conf' }, file: '/run/stub.conf' },
    'one that climbs out': { links: { '/etc/resolv.conf': '../../../../run/stub.conf' }, file: '/run/stub.conf' },
    'a folder that is one': { links: { '/etc': '/usr/etc' }, file: '/usr/etc/resolv.conf' },
    'a link to a link': { links: { '/etc/resolv.conf': '/a/b', '/a': 'c', '/c/b': '/d' }, file: '/d' },
  };
  for (const [what, { links, file }] of Object.entries(CASES)) {
    it(`is found through ${what}`, () => {
      put(file);
      for (const [path, target] of Object.entries(links)) link(path, target);
      assert.equal(content('/etc/resolv.conf'), file);
    });
  }

  for (const [what, target] of [
    ['a link to itself', '/etc/resolv.conf'],
    ['a link to a file of this machine', '/proc/self/status'],
    ['a link of the kernel’s that is no text', '/proc/self/root/etc/passwd'],
  ] as const) {
    it(`is not found through ${what}, and nothing stays open`, () => {
      link('/etc/resolv.conf', target);
      const before = readdirSync('/proc/self/fd').length;
      assert.throws(() => openBelow(root, '/etc/resolv.conf'));
      assert.equal(readdirSync('/proc/self/fd').length, before);
    });
  }

  it('stays below, whatever is exchanged meanwhile', () => {
    put('/a/b/secret');
    const opened = openBelow(root, '/a/b');
    renameSync(join(folder, 'a/b'), join(folder, 'moved'));
    symlinkSync('/etc', join(folder, 'a/b'));
    assert.equal(readlinkSync(`/proc/self/fd/${opened}`), join(folder, 'moved'));
    assert.throws(() => openBelow(root, '/a/b/passwd'), { code: 'ENOENT' });
    closeSync(opened);
  });
});
