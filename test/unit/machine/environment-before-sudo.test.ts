import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeSudo } from '../../../src/machine/linux/processes/environment-before-sudo.ts';
import { Files } from '../../../src/machine/files.ts';

const ENVIRON = 'KUBECONFIG=/mine\0PATH=/home/me/bin:/usr/bin\0AWS_PROFILE=a=b\0HOME=/home/me\0scribble\0=x\0';
const NOW = { PATH: '/usr/sbin:/usr/bin', HOME: '/root', SUDO_UID: '1000' };

/** From the shell down to the parent of the process that asks. */
type Chain = readonly (readonly [name: string, uid: number, environ?: string])[];

describe('the environment before sudo', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'mirrord-sudo-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const asked = (chain: Chain, now: NodeJS.ProcessEnv = NOW): Record<string, string> => {
    chain.forEach(([name, uid, environ = ''], i) => {
      const folder = join(root, 'proc', String(100 + i));
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'comm'), `${name}\n`);
      // As real sudo has it, which waits with its caller's real user.
      const users = [name === 'sudo' ? 1000 : uid, uid, uid, uid].join('\t');
      writeFileSync(join(folder, 'status'), `Name:\t${name}\nPPid:\t${i === 0 ? 1 : 99 + i}\nUid:\t${users}\n`);
      writeFileSync(join(folder, 'environ'), environ);
    });
    return beforeSudo(new Files(root), 1000, now, 99 + chain.length);
  };
  const found = { KUBECONFIG: '/mine', AWS_PROFILE: 'a=b', PATH: '/home/me/bin:/usr/bin:/usr/sbin' };

  for (const [what, chain, expected] of [
    [
      'sudo',
      [
        ['bash', 1000],
        ['sudo', 0, ENVIRON],
      ],
      found,
    ],
    [
      'sudo with a terminal of its own',
      [
        ['bash', 1000],
        ['sudo', 0, ENVIRON],
        ['sudo', 0, ENVIRON],
      ],
      found,
    ],
    [
      'a root shell by sudo',
      [
        ['bash', 1000],
        ['sudo', 0, ENVIRON],
        ['bash', 0, 'KUBECONFIG=/other\0'],
        ['sh', 0],
      ],
      found,
    ],
    [
      'a sudo that somebody else called',
      [
        ['bash', 1001],
        ['sudo', 0, ENVIRON],
      ],
      {},
    ],
    ['a sudo whose caller is gone', [['sudo', 0, ENVIRON]], {}],
    [
      'a process of the user’s that calls itself sudo',
      [
        ['bash', 1000],
        ['sudo', 1000, ENVIRON],
        ['su', 0],
      ],
      {},
    ],
    [
      'no sudo at all',
      [
        ['bash', 1000, ENVIRON],
        ['node', 0, ENVIRON],
      ],
      {},
    ],
    [
      'a sudo that may not be read',
      [
        ['bash', 1000],
        ['sudo', 0, ''],
      ],
      {},
    ],
  ] as const) {
    it(`behind ${what}: ${Object.keys(expected).length} variables`, () => {
      assert.deepEqual(asked(chain), expected);
    });
  }

  it('changes nothing that sudo has kept or set', () => {
    const chain: Chain = [
      ['bash', 1000],
      ['sudo', 0, ENVIRON],
    ];
    assert.equal(asked(chain, { ...NOW, KUBECONFIG: '/told' })['KUBECONFIG'], undefined);
  });
});
