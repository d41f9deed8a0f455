import assert from 'node:assert/strict';
import { Output } from '../../../src/cli/output.ts';
import { onOneLineEach } from '../../../src/cli/printable.ts';
import { type ShownSession, formatStatus } from '../../../src/cli/status-text.ts';
import { formatTargets } from '../../../src/cli/ls.ts';
import { formatExplanation, type Explanation } from '../../../src/filter/index.ts';
import { Workspace } from '../support/config.ts';
import { shownFinding } from '../support/screen.ts';
import { HERE, READER, STATUS } from '../support/status.ts';
import { CLI_MS, runCliIn } from './run.ts';

function screen(isTTY = true): { isTTY: boolean; text: string; write(text: string): void } {
  return {
    isTTY,
    text: '',
    write(text) {
      this.text += text;
    },
  };
}

/** All that a terminal does more with than show it. */
const ACTIVE = /[^\P{Cc}\n\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** How a screen is drawn again: from its first column on, each line to its end, and all that is below. */
const MOVES = new RegExp(`${String.fromCodePoint(27)}\\[[HJK]`, 'g');

describe('the output', () => {
  const EVIL = '\x1b[2J\n  → sudo sh\n✔ all is well\n\u202Egood';

  it('of data is byte for byte, a terminal aside', () => {
    const [terminal, pipe] = [screen(), screen(false)];
    for (const each of [terminal, pipe]) new Output(each).data(`export A='${EVIL}'\n`);
    assert.equal(pipe.text, `export A='${EVIL}'\n`);
    assert.doesNotMatch(terminal.text, ACTIVE);
  });

  it('takes the place of what stood there, on a terminal that can', () => {
    const [terminal, dumb, pipe] = [screen(), screen(), screen(false)];
    const show = (on: ReturnType<typeof screen>, TERM: string): void =>
      new Output(on, { TERM, LANG: 'C.UTF-8' }).screenful({ text: EVIL }, ({ text }) => `first\n${text}\n`);
    show(terminal, 'xterm');
    show(dumb, 'dumb');
    show(pipe, 'xterm');
    assert.ok(terminal.text.startsWith('\x1b[Hfirst\x1b[K\n') && terminal.text.endsWith('\x1b[K\n\x1b[J'));
    assert.doesNotMatch(terminal.text.replaceAll(MOVES, ''), ACTIVE);
    assert.equal(terminal.text.split('\n').length, 3, 'a text of others stays on its line');
    for (const { text } of [dumb, pipe]) assert.equal(text, terminal.text.replaceAll(MOVES, ''));
  });

  it('is cut where the screen ends, so that the next takes its place', () => {
    const small = { ...screen(), columns: 5, rows: 2 };
    const output = new Output(small, { TERM: 'xterm', LANG: 'C.UTF-8' });
    output.screenful(null, () => 'a long line\nb\nc\n');
    assert.equal(small.text.replaceAll(MOVES, '|'), '|a lo|\nb|');
  });

  it('keeps a line one line, and the further ones of an entry set off', () => {
    const shown = screen();
    const output = new Output(shown);
    output.line(`! ${EVIL}`);
    output.paragraph(`! ${EVIL}`);
    assert.equal(
      shown.text,
      '!    → sudo sh ✔ all is well \uFFFDgood\n! \n        → sudo sh\n      ✔ all is well\n      \uFFFDgood\n',
    );
  });

  /** Every text of an answer replaced by what its author would like to see printed. */
  function spoiled<T>(answer: T): T {
    if (typeof answer === 'string') return EVIL as T;
    if (Array.isArray(answer)) return answer.map(spoiled) as T;
    if (typeof answer !== 'object' || answer === null) return answer;
    return Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, spoiled(value)])) as T;
  }

  const EXPLANATION: Explanation = {
    destination: 'db:5432',
    side: 'local',
    reason: 'cluster-range',
    range: '10.0.0.0/8',
    rule: { key: 'k', value: 'v' },
    dns: { by: 'machine', addresses: ['1.2.3.4'], source: 's', failure: 'NXDOMAIN', rule: null },
    elsewhere: [{ service: 'payments', namespace: 'shop', use: 'x' }],
    route: 'eth0',
    notes: ['note'],
  };
  const format = (status: ShownSession): string => formatStatus(status, READER);
  const TARGET = { kind: 'pod', namespace: 'a', name: 'b', ready: 1, pods: 1, containers: ['c', 'd'] } as const;

  it('of a status, an explanation and a table has the lines that it would have', () => {
    const rows: readonly [string, (output: Output) => void, (output: Output) => void][] = [
      [
        'status',
        (o) => o.formatted(STATUS, format),
        (o) =>
          o.formatted(
            { ...spoiled(STATUS), network_namespace: HERE, dns: { ...spoiled(STATUS.dns), mode: STATUS.dns.mode } },
            format,
          ),
      ],
      [
        'explain',
        (o) => o.formatted(EXPLANATION, formatExplanation),
        (o) => o.formatted({ ...spoiled(EXPLANATION), side: 'local', reason: 'cluster-range' }, formatExplanation),
      ],
      [
        'ls',
        (o) => o.formatted([TARGET], (targets) => formatTargets(targets, null)),
        (o) => o.formatted([spoiled(TARGET)], (targets) => formatTargets(targets, null)),
      ],
    ];
    for (const [title, plain, spoilt] of rows) {
      const [expected, actual] = [screen(), screen()];
      plain(new Output(expected));
      spoilt(new Output(actual));
      assert.equal(actual.text.split('\n').length, expected.text.split('\n').length, `${title}\n${actual.text}`);
      assert.doesNotMatch(actual.text, ACTIVE, title);
      assert.match(actual.text, /sudo sh/, title);
    }
  });

  it('of a finding keeps a quoted advice apart from our own', () => {
    const finding = {
      id: 'x',
      title: 'API server',
      state: 'failed',
      detail: 'it said\n→ sudo sh',
      fix: 'Look.',
    } as const;
    assert.equal(shownFinding(finding), '✘ API server: it said\n      → sudo sh\n    → Look.\n');
  });

  it('leaves numbers, nulls and keys as they are', () => {
    assert.deepEqual(onOneLineEach({ a: 1, b: null, c: [true, 'x\ny'], d: undefined }), {
      a: 1,
      b: null,
      c: [true, 'x y'],
      d: undefined,
    });
  });
});

describe('a command that quotes a program', function () {
  this.timeout(2 * CLI_MS);

  it('prints nothing that acts on the terminal', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', interactiveMode: 'Never' };
    const workspace = await Workspace.make({
      kubeconfig: JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9' } }],
        users: [{ name: 'u', user: { exec } }],
      }),
    });
    try {
      await workspace.program(
        'plugin',
        '#!/bin/sh\nprintf "a\\033]0;title\\007\\033[2Jb\\342\\200\\256c" >&2; exit 1\n',
      );
      for (const command of ['doctor', 'ls']) {
        const { stdout, stderr } = runCliIn(workspace.path, command, '--kubeconfig', 'kubeconfig');
        assert.match(`${stdout}${stderr}`, /ab\uFFFDc/, command);
        assert.doesNotMatch(`${stdout}${stderr}`, ACTIVE, command);
      }
    } finally {
      await workspace.remove();
    }
  });
});
