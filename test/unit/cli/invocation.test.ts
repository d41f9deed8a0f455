import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { NAMED, invocationOf, pasteable } from '../../../src/cli/invocation.ts';
import { CLI_MS, runCli } from './run.ts';

const CHECKOUT = join(import.meta.dirname, '../../..');
const PROGRAM = join(CHECKOUT, 'bin/mirrord');
/** Neither root nor the checkout's owner. */
const NOBODY = '65534';

describe('a command in an advice', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-invocation-'));
    mkdirSync(join(folder, 'it has blanks'));
    for (const place of ['mirrord', 'it has blanks/mirrord']) writeFileSync(join(folder, place), '', { mode: 0o755 });
    mkdirSync(join(folder, 'bin'));
    symlinkSync('../mirrord', join(folder, 'bin/mirrord'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const said = (text: string, program: string, path: string): string => pasteable(text, invocationOf(program, path));

  it('has the path of the checkout where PATH does not lead to it', () => {
    const program = join(folder, 'mirrord');
    assert.equal(said('See: mirrord up --help', program, '/usr/bin'), `See: ${program} up --help`);
    assert.equal(said('`mirrord ls` lists', program, join(folder, 'it has blanks')), `\`${program} ls\` lists`);
    assert.equal(said('Start it: sudo mirrord up', program, '/usr/bin'), `Start it: sudo ${program} up`);
  });

  it('is short where PATH leads to it, by a link too; sudo has a PATH of its own', () => {
    const path = `/nonexistent::${folder}/bin`;
    assert.equal(said('See: mirrord up --help', join(folder, 'mirrord'), path), 'See: mirrord up --help');
    const keeping = 'sudo --preserve-env=KUBECONFIG mirrord up';
    assert.equal(said(keeping, join(folder, 'mirrord'), path), keeping.replace('mirrord', `${folder}/mirrord`));
    assert.equal(said('sudo mirrord up', join(folder, 'mirrord'), path), `sudo ${folder}/mirrord up`);
  });

  it('is quoted for a shell', () => {
    const program = join(folder, 'it has blanks/mirrord');
    assert.equal(said('mirrord down --name x', program, ''), `'${program}' down --name x`);
  });

  it('is no other mention of the name', () => {
    for (const text of [
      'this mirrord speaks 3',
      'run mirrord outside it',
      '/opt/mirrord up',
      'pgrep -af mirrord. Once',
    ])
      assert.equal(said(text, join(folder, 'mirrord'), ''), text);
  });

  it('may be any of the table', () => {
    for (const id of Object.keys(COMMANDS)) {
      const call = `mirrord ${id.replace(':', ' ')}`;
      assert.equal(call.replace(NAMED, 'x'), call.replace('mirrord', 'x'));
    }
  });
});

describe('what only root may do', function () {
  this.timeout(3 * CLI_MS);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-sudo-'));
    const sudo = join(folder, 'sudo');
    writeFileSync(sudo, '#!/bin/sh\nprintf "sudo: %s|" "$@"\necho "${NODE_OPTIONS-unset} $$"\nexit 7\n');
    for (const path of [folder, sudo]) chmodSync(path, 0o755);
  });
  after(() => rmSync(folder, { recursive: true }));

  const asUser =
    process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  /** Runs bin/mirrord for a user who is not root; with `typed` on a terminal. */
  function run(args: readonly string[], typed?: string): { code: number | null; output: string } {
    const words = [...asUser, PROGRAM, ...args];
    const line = words.map((word) => `'${word}'`).join(' ');
    const [file = '', ...rest] = typed === undefined ? words : ['script', '-qec', line, '/dev/null'];
    const { status, stdout, stderr } = spawnSync(file, rest, {
      cwd: '/',
      encoding: 'utf8',
      input: typed ?? '',
      env: { PATH: `${folder}:/usr/bin:/bin`, HOME: '/nonexistent', LANG: 'C.UTF-8', NODE_OPTIONS: '--no-warnings' },
      timeout: 2 * CLI_MS,
    });
    return { code: status, output: `${stdout}${stderr}`.replaceAll('\r\n', '\n') };
  }
  // A developer may have put the checkout where sudo finds it.
  const { asRoot } = invocationOf(PROGRAM, '');

  it('is told with the command that does it, and not asked where there is no terminal', () => {
    const { code, output } = run(['up', '-t', 'pod/x']);
    const help = `  → Run it with sudo: sudo ${asRoot} up -t pod/x\n`;
    assert.equal(output, `Error: A TUN interface, routes and DNS settings need root.\n${help}`);
    assert.equal(code, 3);
  });

  for (const typed of ['\n', 'y\n', 'YES\n']) {
    it(`is done by sudo itself after ${JSON.stringify(typed)} on a terminal, with the caller's environment`, () => {
      const { code, output } = run(['up', '-t', 'pod/x', '--key', 'k'], typed);
      assert.ok(output.includes(`Run it now? sudo ${asRoot} up -t pod/x --key k [Y/n] `), output);
      const words = [PROGRAM, 'up', '-t', 'pod/x', '--key', 'k'];
      assert.ok(output.includes(`${words.map((word) => `sudo: ${word}|`).join('')}--no-warnings`), output);
      // It becomes sudo: the exit code is sudo's own.
      assert.equal(code, 7);
    });
  }

  it('is not done after another answer', () => {
    const { code, output } = run(['up'], 'n\n');
    assert.equal(code, 3, output);
    assert.doesNotMatch(output, /--no-warnings/);
    assert.ok(output.includes(`  → Run it with sudo: sudo ${asRoot} up\n`), output);
  });

  it('is not asked of a program that reads JSON', () => {
    const { code, output } = run(['up', '--json'], '\n');
    assert.equal(code, 3, output);
    assert.doesNotMatch(output, /Run it now/);
  });

  it('is quoted as a shell takes it', () => {
    const { output } = run(['up', '-t', 'pod/x', '--key', "it's mine"]);
    assert.ok(output.endsWith(`sudo ${asRoot} up -t pod/x --key 'it'\\''s mine'\n`), output);
  });

  it('advice of other failures has the path, too', () => {
    const { output } = run(['explain', 'db', '--name', 'no-such']);
    assert.ok(output.includes(`sudo ${asRoot} up --name no-such`), output);
    assert.equal(runCli('stauts').stderr.includes('Did you mean: mirrord status'), true);
  });
});
