import assert from 'node:assert/strict';
import { startTime } from '../../../src/machine/linux/system/system.ts';
import { explain } from '../../../src/machine/linux/tun.ts';
import { PaperMachine } from '../support/machine.ts';

describe('why the TUN cannot be opened', () => {
  let machine: PaperMachine;
  beforeEach(() => {
    machine = new PaperMachine();
    machine.put('/proc/self/status', 'Name:\tnode\nCapEff:\t000001ffffffffff\n');
    machine.put('/dev/net/tun', '');
  });
  afterEach(() => machine.discard());

  const failed = (code: string, syscall: string): NodeJS.ErrnoException =>
    Object.assign(new Error(code), { code, syscall });
  const OPEN = 'open /dev/net/tun';

  const CASES: readonly [string, string, string, string, (machine: PaperMachine) => void][] = [
    ['not-root', 'permission', 'EPERM', 'TUNSETIFF', (m) => void (m.user = 1000)],
    [
      'no-net-admin',
      'permission',
      'EPERM',
      'TUNSETIFF',
      (m) => m.put('/proc/self/status', 'CapEff:\t00000000a80425fb\n'),
    ],
    ['tun-module-missing', 'host', 'ENOENT', OPEN, (m) => m.files.remove('/dev/net/tun')],
    [
      'tun-device-missing',
      'host',
      'ENOENT',
      OPEN,
      (m) => {
        m.files.remove('/dev/net/tun');
        m.put('/sys/class/misc/tun/dev', '10:200');
      },
    ],
    ['tun-module-missing', 'host', 'ENODEV', OPEN, () => undefined],
    ['tun-forbidden', 'permission', 'EPERM', OPEN, () => undefined],
    ['tun-name-in-use', 'host', 'EBUSY', 'TUNSETIFF', () => undefined],
    ['tun-too-old', 'host', 'EINVAL', 'TUNSETVNETHDRSZ', () => undefined],
    ['tun-failed', 'host', 'ENOMEM', 'TUNSETIFF', () => undefined],
  ];
  for (const [code, failure, errno, syscall, arrange] of CASES) {
    it(`${errno} by ${syscall} is told as ${code}`, () => {
      arrange(machine);
      const error = explain(machine, 'mirrord0', failed(errno, syscall));
      assert.equal(error.code, code);
      assert.equal(error.failure, failure);
      if (code !== 'tun-failed') assert.ok(error.help);
    });
  }

  it('knows a process by its start time, whatever its name', () => {
    const rest = 'S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20';
    assert.equal(startTime(`42 (a) b (c) ${rest}`), '777');
    assert.equal(startTime(`42 (dead) ${rest.replace('S', 'Z')}`), undefined);
  });
});
