import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { CLI_MS, runCli } from './run.ts';

/** `UPDATE_GOLDENS=1` writes the screens anew; look at the difference before committing it. */
const update = process.env['UPDATE_GOLDENS'] === '1';

describe('help screens', function () {
  this.timeout(CLI_MS);

  for (const command of ['', ...Object.keys(COMMANDS)]) {
    const name = command === '' ? 'mirrord' : `mirrord ${command}`;

    it(`${name} --help`, () => {
      const words = command === '' ? [] : command.split(':');
      const { code, stdout, stderr } = runCli(...words, '--help');
      assert.equal(code, 0, stderr);
      // Node's version and the machine's architecture stand in the overview.
      const screen = stdout.replace(/(mirrord\/\S+) .*/, '$1').replace(/[ ]+$/gm, '');
      const golden = join(import.meta.dirname, 'help', `${command || 'overview'}.txt`);
      if (update) writeFileSync(golden, screen);
      assert.ok(existsSync(golden), `${golden} is missing`);
      assert.equal(screen, readFileSync(golden, 'utf8'));
      assert.equal(runCli(...words, '-h').stdout, stdout);
    });
  }

  it('no arguments show the overview', () => {
    assert.equal(runCli().stdout, runCli('--help').stdout);
  });

  it('--version', () => {
    assert.match(runCli('--version').stdout, /^mirrord\/\d+\.\d+\.\d+ linux-\w+ node-v\d+/);
  });

  it('every command has a summary and examples', () => {
    for (const [name, command] of Object.entries(COMMANDS)) {
      assert.ok(command.summary, name);
      assert.ok(command.examples.length > 0, name);
    }
  });
});
