import assert from 'node:assert/strict';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { pasteable } from '../../../src/cli/invocation.ts';
import { toDescription } from '../../../src/cli/failure.ts';
import { checkCommand } from '../../../src/cli/words.ts';
import { Workspace } from '../support/config.ts';
import { CLI_MS, runCli } from './run.ts';

/** What `mirrord WORDS` says before anything runs: message and advice. */
function said(...words: string[]): readonly string[] {
  try {
    checkCommand(words, COMMANDS);
  } catch (error) {
    const { message, help } = toDescription(error, words, COMMANDS);
    return [message, ...(help ?? '').split('\n')];
  }
  return [];
}

describe('words of the command line', () => {
  it('name a command, an alias or a topic, or come after one', () => {
    for (const line of [
      'up',
      'list',
      'diagnose',
      'diagnose latency',
      'explain db',
      'exec ls -h',
      'help up',
      '--help',
    ]) {
      assert.deepEqual(said(...line.split(' ')), [], line);
    }
    assert.deepEqual(said(), []);
    assert.deepEqual(said('help', 'diagnose', 'latency'), []);
  });

  it('that are misspelt are answered with the command that was meant', () => {
    const help = ['Did you mean: mirrord status', 'See: mirrord --help'];
    assert.deepEqual(said('stauts', '--json'), ['There is no command "stauts".', ...help]);
    assert.deepEqual(said('help', 'stauts'), ['There is no command "stauts".', ...help]);
    assert.deepEqual(said('diagnose', 'latncy')[1], 'Did you mean: mirrord diagnose latency');
    assert.deepEqual(said('verfy-config', 'x')[1], 'Did you mean: mirrord verify-config');
  });

  it('that are like no command are not', () => {
    for (const word of ['whatever', 'xx', 'constructor', '__proto__', 'z'.repeat(10_000)]) {
      assert.deepEqual(said(word), [`There is no command "${word}".`, 'See: mirrord --help']);
    }
  });

  it('of other tools are answered with what does the same here', () => {
    for (const word of ['connect', 'vpn']) assert.equal(said(word)[1], 'Use: sudo mirrord up');
    for (const word of ['quit', 'leave']) assert.equal(said(word)[1], 'Use: mirrord down');
    assert.equal(said('get', 'pods')[1], 'Use: mirrord ls');
    assert.match(said('intercept', 'payments')[1] ?? '', /^Use: sudo mirrord up -t deployment\/NAME --steal$/);
    assert.match(said('port-forward', 'svc/x', '80')[1] ?? '', /^This is not needed/);
  });

  it('that are arguments where there are none are given their flag', () => {
    assert.deepEqual(said('up', 'deployment/payments'), [
      'mirrord up does not take the argument "deployment/payments".',
      'The target goes with a flag: sudo mirrord up -t deployment/payments',
      'See: mirrord up --help',
    ]);
    assert.equal(said('down', 'staging')[1], 'The name of a session goes with a flag: mirrord down --name staging');
    assert.deepEqual(said('doctor', 'x'), [
      'mirrord doctor does not take the argument "x".',
      'See: mirrord doctor --help',
    ]);
  });

  it('begin with the command', () => {
    assert.deepEqual(said('--context', 'x', 'up'), ['Write the command first, then its flags.', 'See: mirrord --help']);
  });
});

describe('flags', function () {
  let file: string;
  let workspace: Workspace;
  before(async () => {
    workspace = await Workspace.make({ 'mirrord.json': '{}' });
    file = `${workspace.path}/mirrord.json`;
  });
  after(() => workspace.remove());

  this.timeout(3 * CLI_MS);

  const cases: readonly [string[], string][] = [
    [
      ['up', '--contxt', 'x'],
      'Error: mirrord up has no flag --contxt.\n  → Did you mean: --context\n  → See: mirrord up --help\n',
    ],
    [
      ['diagnose', 'latency', '--cuont', '1'],
      'Error: mirrord diagnose latency has no flag --cuont.\n  → Did you mean: --count\n  → See: mirrord diagnose latency --help\n',
    ],
    [
      ['up', '-n', 'shop', 'deployment/payments'],
      'Error: mirrord up does not take the argument "deployment/payments".\n' +
        `  → The target goes with a flag: ${pasteable('sudo mirrord up')} -t deployment/payments\n  → See: mirrord up --help\n`,
    ],
  ];
  for (const [args, text] of cases) {
    it(`mirrord ${args.join(' ')}`, () => {
      const { code, stderr } = runCli(...args);
      assert.deepEqual([code, stderr], [2, text]);
    });
  }

  it('of other tools have their names here, too', () => {
    for (const command of ['up', 'ls', 'doctor', 'down']) {
      const { stderr } = runCli(command, '--kube-context', 'a', '--target-namespace', 'b', '--nonsense');
      assert.match(stderr, /^Error: mirrord \w+ has no flag --nonsense\.\n/);
    }
  });

  it('and words of kubectl reach the cluster: `list` is ls, `pods/x` is a target, svc/NAME and URLs are destinations', () => {
    const none = ['--kubeconfig', '/none'];
    assert.match(runCli('list', ...none).stderr, /No kubeconfig: \/none/);
    for (const target of ['pods/x', 'svc/x', 'deploy/x'])
      assert.match(runCli('up', '--dry-run', '-t', target, ...none).stderr, /No kubeconfig: \/none/);
    for (const destination of ['svc/payments', 'https://payments.shop:8443/path?q=1']) {
      const { stdout, stderr } = runCli('explain', '-f', file, destination, '--json');
      assert.match((JSON.parse(stdout) as { destination: string }).destination, /^payments/, stderr);
    }
  });

  it('-h shows help, except to the command of exec', () => {
    assert.equal(runCli('-h').stdout, runCli('--help').stdout);
    assert.equal(runCli('up', '-h').stdout, runCli('up', '--help').stdout);
    assert.match(runCli('exec', '--', 'ls', '-h').stderr, /^Error: No session/);
  });

  it('`mirrord version` is --version', () => {
    assert.equal(runCli('version').stdout, runCli('--version').stdout);
  });
});
