import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';

const folder = join(import.meta.dirname, '../../../native-helpers/build');
const launcher = join(folder, `launch-${process.arch}`);

/** e_machine of elf.h. */
const MACHINES = { x64: 62, arm64: 183 } as const;
/** EX_OSERR of sysexits.h. */
const FAILED = 71;
/** Protocols as /proc/net/netlink has them. */
const SCRIPT = `
const fs = require('fs');
// A message that does nothing (NLMSG_NOOP) has the kernel give them their addresses: only then they are listed.
for (const fd of [3, 4]) fs.writeSync(fd, Buffer.from([16, 0, 0, 0, 1, ...Array(11).fill(0)]));
const inodes = [3, 4].map((fd) => fs.readlinkSync('/proc/self/fd/' + fd).slice('socket:['.length, -1));
const rows = fs.readFileSync('/proc/net/netlink', 'utf8').split('\\n').map((line) => line.trim().split(/ +/));
console.log(inodes.map((inode) => rows.find((row) => row.at(-1) === inode)?.[1]).join(), process.argv[1], process.env.GREETING);`;

describe('the launcher', () => {
  it('executes a program with both netlink sockets, its arguments and its environment', () => {
    const args = [process.execPath, '-e', SCRIPT, 'argument'];
    const { stdout, stderr, status } = spawnSync(launcher, args, { encoding: 'utf8', env: { GREETING: 'hello' } });
    assert.deepEqual([stdout, stderr, status], ['12,4 argument hello\n', '', 0]);
  });

  it('puts nothing else in the place of what is already open there', () => {
    const args = [launcher, process.execPath, '-e', SCRIPT, 'again'];
    const { stdout } = spawnSync(launcher, args, { encoding: 'utf8', env: { GREETING: 'hello' } });
    assert.equal(stdout, '12,4 again hello\n');
  });

  it('fails without a program, and with one that is not there', () => {
    assert.equal(spawnSync(launcher, []).status, FAILED);
    assert.equal(spawnSync(launcher, ['/nowhere']).status, FAILED);
  });

  for (const [arch, machine] of Object.entries(MACHINES)) {
    it(`is there for nodes of ${arch}, and small enough for a pod's spec`, () => {
      const file = join(folder, `launch-${arch}`);
      assert.ok(existsSync(file), `${file} has not been built`);
      const bytes = readFileSync(file);
      assert.equal(bytes.readUInt16LE(18), machine);
      assert.ok(bytes.length < 1024, `${bytes.length} bytes`);
    });
  }
});
