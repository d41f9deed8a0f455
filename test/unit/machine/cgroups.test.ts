import assert from 'node:assert/strict';
import { ownCgroup } from '../../../src/machine/linux/system/cgroups.ts';
import { PaperMachine } from '../support/machine.ts';

const V1 = '25 23 0:20 / /sys/fs/cgroup/pids rw - cgroup pids rw,pids';

describe('the cgroup that a process is in', () => {
  let machine: PaperMachine;
  beforeEach(() => (machine = new PaperMachine()));
  afterEach(() => machine.discard());

  for (const [where, membership, mount, expected] of [
    [
      'systemd’s',
      '0::/user.slice/user-1000.slice/session-2.scope',
      '24 23 0:19 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate',
      { folder: '/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope', root: '/sys/fs/cgroup' },
    ],
    [
      'the root',
      '0::/',
      '24 23 0:19 / /sys/fs/cgroup/unified rw - cgroup2 none rw',
      { folder: '/sys/fs/cgroup/unified', root: '/sys/fs/cgroup/unified' },
    ],
    ['a mount of a part', '0::/a/b', '24 23 0:19 /a /mnt rw - cgroup2 none rw', { folder: '/mnt/b', root: '/mnt' }],
    ['outside of the mounted part', '0::/b', '24 23 0:19 /a /mnt rw - cgroup2 none rw', undefined],
    ['outside of its cgroup namespace', '0::/../b', '24 23 0:19 / /sys/fs/cgroup rw - cgroup2 none rw', undefined],
    [
      'not below another mount',
      '0::/',
      '24 23 0:19 / /hidden rw - cgroup2 none rw\n29 23 0:19 / /sys/fs/cgroup rw - cgroup2 none rw',
      { folder: '/sys/fs/cgroup', root: '/sys/fs/cgroup' },
    ],
    ['one of version 1', '3:pids:/a', V1, undefined],
  ] as const) {
    it(`is found: ${where}`, () => {
      machine.put('/proc/self/cgroup', `5:pids:/x\n${membership}\n`);
      machine.put('/proc/self/mountinfo', `${V1}\n${mount}\n`);
      if (expected !== undefined) machine.put(`${expected.folder}/cgroup.procs`, '');
      assert.deepEqual(ownCgroup(machine.files), expected);
    });
  }
});
