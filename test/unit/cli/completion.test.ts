import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { completion } from '../../../src/cli/completion.ts';
import { CLI_MS, runCli } from './run.ts';

/** What bash offers for the last of `words`. */
function offered(...words: string[]): string[] {
  const script = `${completion('bash', COMMANDS)}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mirrord; echo "\${COMPREPLY[*]}"`;
  const text = execFileSync('bash', ['-uc', script, 'bash', ...words], { encoding: 'utf8' });
  return text.split(/\s/).filter((word) => word !== '');
}

describe('completion', function () {
  this.timeout(CLI_MS);

  it('the command prints it, of every command and flag', () => {
    const words = (script: string): string[] => [...new Set(script.split(/[\s"();]+/))].toSorted();
    const { code, stdout, stderr } = runCli('completion', 'bash');
    assert.equal(code, 0, stderr);
    assert.deepEqual(words(stdout), words(completion('bash', COMMANDS)));
  });

  it('bash: commands', () => {
    assert.deepEqual(offered('mirrord', 'd'), ['down', 'doctor', 'diagnose']);
    assert.deepEqual(offered('mirrord', 'diagnose', ''), ['latency']);
    const all = [...new Set(Object.keys(COMMANDS).map((id) => id.split(':')[0]))];
    assert.deepEqual(offered('mirrord', ''), all);
  });

  it('bash: flags, of the command alone', () => {
    assert.deepEqual(offered('mirrord', 'up', '--d'), ['--domain', '--dns', '--dry-run', '--detach']);
    assert.deepEqual(offered('mirrord', 'diagnose', 'latency', '--'), [
      '--count',
      '--name',
      '--output',
      '--json',
      '--help',
    ]);
    assert.deepEqual(offered('mirrord', 'verify-config', '--i'), []);
    assert.deepEqual(offered('mirrord', 'nonsense', '--'), []);
  });

  it('bash: values', () => {
    assert.deepEqual(offered('mirrord', 'up', '--dns', 'r'), ['resolved', 'resolv.conf']);
    assert.deepEqual(offered('mirrord', 'ls', '-o', ''), ['json', 'yaml', 'table']);
    assert.deepEqual(offered('mirrord', 'completion', 'z'), ['zsh']);
    // Bash goes on with files.
    assert.deepEqual(offered('mirrord', 'up', '--kubeconfig', ''), []);
  });

  it('zsh: that of bash, by its own emulation', () => {
    const text = completion('zsh', COMMANDS);
    assert.ok(text.startsWith('autoload -U +X bashcompinit && bashcompinit\n'));
    assert.ok(text.endsWith(completion('bash', COMMANDS)));
  });

  it('fish: a line for each command, flag and value', () => {
    const lines = completion('fish', COMMANDS).split('\n');
    for (const line of [
      `complete -c mirrord -n __fish_use_subcommand -f -a down -d 'End a session and put the machine back as it was.'`,
      `complete -c mirrord -n '__fish_seen_subcommand_from diagnose' -f -a latency -d 'Measure round trips through a session\\'s whole path.'`,
      `complete -c mirrord -n '__fish_seen_subcommand_from ls' -l output -s o -x -a 'json yaml table' -d 'output format, also of errors (default: table)'`,
      `complete -c mirrord -n '__fish_seen_subcommand_from up' -l kubeconfig -r -d 'kubeconfig file, or several joined by colons'`,
    ]) {
      assert.ok(lines.includes(line), line);
    }
  });
});
