import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/** The machine's architecture as `uname -m` has it, and as npm's packages do. */
const ARCHITECTURES = { x86_64: 'x64', aarch64: 'arm64' } as const;

describe('the Node of this machine’s architecture', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mirrord-arch-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function program(path: string, text: string): void {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, path), 0o755);
  }

  /** What `command` prints on a machine of the architecture, whose packages for both are there. */
  function printed(machine: string, command: string, ...args: string[]): string {
    program('bin/uname', `echo ${machine}`);
    const PATH = `${join(folder, 'bin')}:${process.env['PATH']}`;
    const { stdout, stderr } = spawnSync(command, args, {
      encoding: 'utf8',
      env: { PATH, HOME: '/', SHELL: '/bin/sh' },
    });
    assert.equal(stderr, '');
    return stdout.trim();
  }

  for (const [machine, name] of Object.entries(ARCHITECTURES)) {
    it(`${machine}: bin/mirrord starts node-linux-${name}, below it or beside it`, () => {
      for (const packages of ['mirrord/node_modules', '.']) {
        for (const other of Object.values(ARCHITECTURES)) {
          program(`${packages}/node-linux-${other}/bin/node`, `echo ${packages} ${other}`);
        }
        mkdirSync(join(folder, 'mirrord/bin'), { recursive: true });
        mkdirSync(join(folder, 'mirrord/dist'), { recursive: true });
        writeFileSync(join(folder, 'mirrord/dist/mirrord.js'), '');
        copyFileSync(join(ROOT, 'bin/mirrord'), join(folder, 'mirrord/bin/mirrord'));
        assert.equal(printed(machine, join(folder, 'mirrord/bin/mirrord')), `${packages} ${name}`);
        rmSync(join(folder, packages === '.' ? 'mirrord' : packages), { recursive: true });
      }
    });

    it(`${machine}: the scripts find node-linux-${name}`, () => {
      for (const other of Object.values(ARCHITECTURES)) {
        program(`node_modules/node-linux-${other}/bin/node`, 'exit 0');
      }
      const script = `root=${folder}; . ${join(ROOT, 'scripts/support/common.sh')}; find_node`;
      assert.equal(printed(machine, 'sh', '-c', script), join(folder, `node_modules/node-linux-${name}/bin/node`));
    });
  }

  it('is locked in one version for all of them', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string; cpu: string; resolved?: string }>;
    };
    const [first, second] = Object.values(ARCHITECTURES).map((name) => {
      const { version, cpu, resolved } = packages[`node_modules/node-linux-${name}`];
      assert.equal(cpu, name);
      assert.equal(resolved, undefined);
      return version;
    });
    assert.equal(first, second);
  });
});
