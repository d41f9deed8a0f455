import assert from 'node:assert/strict';
import { type Ended, type UpEvent, forPeople, pathEvent } from '../../../src/cli/events.ts';
import { Output } from '../../../src/cli/output.ts';
import { Steps } from '../../../src/cli/steps.ts';
import type { PathChange, Progress, Ready } from '../../../src/ipc/protocol.ts';
import { FakeScreen, UTF8 } from '../support/screen.ts';

const done = (step: Progress['step'], text: string): Progress => ({ step, state: 'done', text });

const STEPS: readonly Progress[] = [
  done('cluster', 'kind-dev (v1.34.4), namespace default'),
  done('agent', 'job/mirrord-agent-r6vsd on node1, ready in 1.5 s'),
  done('routes', '10.96.0.0/16, 10.244.0.0/24 and 2 IPv6 ranges → mirrord0'),
  done('dns', '*.cluster.local, my-service (default), my-service.NAMESPACE (11)'),
];
const READY: Ready = {
  place: null,
  service: { name: 'my-service', port: 8080, isWeb: true },
  log: '/home/dev/.local/state/mirrord/default.log',
};
const FIRST_SCREEN = {
  stop: 'Ctrl-C to stop.',
  check: 'mirrord status · mirrord explain HOST:PORT',
  home: '/home/dev',
};
const LONG = done(
  'target',
  'deployment/payments → pod payments-6c9f4d7b8-x2x4q (container app), 1 of 2; traffic leaves from 10.244.0.17, fd00:10:244::11',
);

const NOON = new Date(2026, 0, 2, 20, 33, 40);

/** What stands on a screen of so many columns, null being a pipe. */
function shown(columns: number | null, events: readonly UpEvent[], env: NodeJS.ProcessEnv = UTF8): string {
  const screen = new FakeScreen(columns);
  const show = forPeople(FIRST_SCREEN, new Steps(new Output(screen, env)), () => NOON);
  for (const event of events) show(event);
  return screen.text;
}

describe('the first screen', () => {
  const all = [...STEPS, { ready: READY }];
  const plain = `✔ cluster   kind-dev (v1.34.4), namespace default
✔ agent     job/mirrord-agent-r6vsd on node1, ready in 1.5 s
✔ routes    10.96.0.0/16, 10.244.0.0/24 and 2 IPv6 ranges → mirrord0
✔ names     *.cluster.local, my-service (default), my-service.NAMESPACE (11)

Ready. Every program on this machine is in the cluster. Ctrl-C to stop.
  try       curl http://my-service:8080       (in another terminal)
  check     mirrord status · mirrord explain HOST:PORT
  log       ~/.local/state/mirrord/default.log
`;
  const coloured = plain.replaceAll('✔', '\x1b[32m✔\x1b[0m');

  it('is this', () => assert.equal(shown(null, all), plain));
  for (const columns of [80, 120]) {
    it(`has the same lines at ${columns} columns, and marks in colour`, () =>
      assert.equal(shown(columns, all), coloured));
  }
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    it(`has no colour with ${JSON.stringify(env)}`, () => assert.equal(shown(80, all, { ...UTF8, ...env }), plain));
  }

  it('is ASCII where the locale is not UTF-8, its words aside', () => {
    for (const env of [{}, { LANG: 'C' }, { LANG: 'en_US.UTF-8', LC_ALL: 'POSIX' }]) {
      const text = shown(null, all, env);
      assert.match(text, /^[\n -~]*$/);
      assert.match(text, /^\+ routes {4}10\.96\.0\.0\/16, .* -> mirrord0$/m);
    }
  });

  it('is broken at words, and stands beside its labels', () => {
    assert.equal(
      shown(80, [LONG], { ...UTF8, NO_COLOR: '1' }),
      `✔ target    deployment/payments → pod payments-6c9f4d7b8-x2x4q (container app),
            1 of 2; traffic leaves from 10.244.0.17, fd00:10:244::11
`,
    );
    assert.equal(shown(null, [LONG]).split('\n').length, 2, 'a pipe has one line');
  });

  it('has no line that is longer than the screen, whatever the screen', () => {
    const words = Array.from({ length: 60 }, (_, i) => `namespace-${i}`).join(', ');
    for (const columns of [40, 80, 120, 200]) {
      const text = shown(columns, [done('dns', words)], { ...UTF8, NO_COLOR: '1' });
      for (const line of text.split('\n')) assert.ok(line.length <= columns, line);
      assert.equal(text.replaceAll(/\s+/g, ' ').trim(), `✔ names ${words}`);
    }
  });

  it('offers nothing to try where there is nothing, and no log that is not written', () => {
    const text = shown(null, [{ ready: { place: 'netns/lab', service: null, log: null } }]);
    assert.equal(
      text,
      `
Ready. Every program on this machine is in netns/lab. Ctrl-C to stop.
  check     mirrord status · mirrord explain HOST:PORT
`,
    );
  });

  it('has a command that suits the service', () => {
    const tried = (port: number, isWeb: boolean): string =>
      / {2}try +(.*?) {3}/.exec(shown(null, [{ ready: { ...READY, service: { name: 'db', port, isWeb } } }]))?.[1] ??
      '';
    assert.deepEqual(
      [tried(8080, true), tried(80, true), tried(5432, false)],
      ['curl http://db:8080', 'curl http://db', 'nc -vz db 5432'],
    );
  });

  it('has the time of day in front of what comes later', () => {
    const text = shown(null, [
      { ready: { place: null, service: null, log: null } },
      { step: 'config', state: 'warning', text: 'wg0 routes 10.96.0.0/12, too' },
    ]);
    assert.ok(text.endsWith('\n! 20:33:40 note: wg0 routes 10.96.0.0/12, too\n'), text);
  });

  it('is followed by what becomes of the connection to the cluster, which a program can read as well', () => {
    const said = (change: PathChange, place: string | null = null): string =>
      shown(null, [{ ready: { place, service: null, log: null } }, pathEvent(change, NOON)])
        .split('\n')
        .at(-2) ?? '';
    const reason = 'no route to https://192.0.2.1:6443';
    assert.equal(
      said({ state: 'lost', reason, keptMs: 120_000 }),
      `! 20:33:40 connection to the cluster lost: ${reason}; retrying, open connections are kept for 120 s`,
    );
    assert.equal(
      said({ state: 'lost', reason: 'the agent has ended', keptMs: null }, 'netns/lab'),
      '! 20:33:40 connection to netns/lab lost: the agent has ended; open connections were reset, new ones wait for the next agent',
    );
    const back = { state: 'back', afterMs: 69_123, agent: 'job/a on node1' } as const;
    assert.equal(said({ ...back, connections: 'kept' }), '✔ 20:33:40 reconnected after 69 s; open connections went on');
    assert.equal(
      said({ ...back, afterMs: 345, connections: 'reset' }),
      '✔ 20:33:40 reconnected after 0.3 s, to job/a on node1; open connections were reset',
    );
    const at = NOON.toISOString();
    assert.deepEqual(pathEvent({ state: 'lost', reason, keptMs: 120_000 }, NOON), {
      lost: { at, reason, kept_s: 120 },
    });
    assert.deepEqual(pathEvent({ ...back, connections: 'kept' }, NOON), {
      reconnected: { at, after_s: 69.1, connections: 'kept', agent: 'job/a on node1' },
    });
  });

  it('ends with how it has ended, and does not say more than is true', () => {
    const said = (ended: Ended): string => shown(null, [{ ended }]);
    assert.equal(said({ by: 'signal', as_before: true }), 'Stopped. Everything is as it was before.\n');
    assert.equal(said({ by: 'signal', as_before: false }), 'Stopped.\n');
    assert.equal(said({ by: 'down', as_before: true }), 'Ended by mirrord down.\n');
  });
});

describe('a step that goes on', () => {
  const running = (text: string): Progress => ({ step: 'agent', state: 'running', text });

  it('is not told to a pipe, nor to a terminal that cannot redraw', () => {
    for (const text of [shown(null, [running('starting')]), shown(80, [running('starting')], { TERM: 'dumb' })]) {
      assert.equal(text, '');
    }
  });

  it('lives on the last line of a terminal, and leaves it when done', () => {
    const screen = new FakeScreen(26);
    const steps = new Steps(new Output(screen, { ...UTF8, NO_COLOR: '1' }));
    steps.run('agent     ', 'starting the agent');
    assert.equal(screen.text, '\r\x1b[K⠋ agent     starting the ');
    steps.entry('done', 'agent     ', 'ready');
    assert.ok(screen.text.endsWith('\r\x1b[K✔ agent     ready\n'));
    steps.stop();
    assert.ok(screen.text.endsWith('ready\n'));
  });

  it('has no more than that line, and does nothing to the terminal that was not meant', () => {
    const screen = new FakeScreen(30);
    const steps = new Steps(new Output(screen, { ...UTF8, NO_COLOR: '1' }));
    steps.run('agent     ', 'pods:\na: \x1b[2Jgone');
    assert.equal(screen.text, '\r\x1b[K⠋ agent     pods: a: gone');
    steps.entry('warning', 'target    ', 'said\x07 \x1b]0;title\x07so\n✔ agent ready');
    assert.ok(screen.text.endsWith('\r\x1b[K! target    said\uFFFD so\n            ✔ agent ready\n'), screen.text);
  });
});
