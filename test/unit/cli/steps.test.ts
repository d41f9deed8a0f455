import assert from 'node:assert/strict';
import { type Ended, forPeople } from '../../../src/cli/events.ts';
import { Output } from '../../../src/cli/output.ts';
import { Steps } from '../../../src/cli/steps.ts';
import type { Progress } from '../../../src/ipc/protocol.ts';

describe('steps', () => {
  const agent = (state: Progress['state'], text: string): Progress => ({ step: 'agent', state, text });

  function screen(isTTY: boolean): { isTTY: boolean; columns: number; text: string; write(text: string): void } {
    return {
      isTTY,
      columns: 20,
      text: '',
      write(text) {
        this.text += text;
      },
    };
  }

  it('are one plain line each when piped', () => {
    const piped = screen(false);
    const show = forPeople('Ready. Ctrl-C to stop.', new Steps(new Output(piped)));
    show(agent('running', 'starting the agent'));
    show(agent('running', 'pulling the image'));
    show(agent('done', 'agent ready'));
    show({ step: 'dns', state: 'warning', text: 'another VPN claims cluster.local' });
    show({ ready: ['a last word'] });
    assert.equal(
      piped.text,
      '✔ agent ready\n! another VPN claims cluster.local\na last word\nReady. Ctrl-C to stop.\n',
    );
  });

  it('end with how it has ended, and do not say more than is true', () => {
    const said = (event: Ended): string => {
      const piped = screen(false);
      forPeople('', new Steps(new Output(piped)))({ ended: event });
      return piped.text;
    };
    assert.equal(said({ by: 'signal', as_before: true }), 'Stopped; everything is as before.\n');
    assert.equal(said({ by: 'signal', as_before: false }), 'Stopped.\n');
    assert.equal(said({ by: 'down', as_before: true }), 'Ended by mirrord down.\n');
  });

  it('have no more than that line, and do nothing to the terminal that was not meant', () => {
    const terminal = screen(true);
    const steps = new Steps(new Output(terminal));
    steps.show(agent('running', 'pods:\na: \x1b[2Jgone'));
    assert.equal(terminal.text, '\r\u001b[K⠋ pods: a: gone');
    steps.show({ step: 'target', state: 'warning', text: 'said\x07 \x1b]0;title\x07so\n✔ agent ready' });
    assert.ok(terminal.text.endsWith('\r\u001b[K! said\uFFFD so\n      ✔ agent ready\n'));
  });

  it('live on the last line of a terminal, and leave it when done', () => {
    const terminal = screen(true);
    const steps = new Steps(new Output(terminal));
    steps.show(agent('running', 'starting the agent'));
    assert.equal(terminal.text, '\r\u001b[K⠋ starting the agen');
    steps.show(agent('done', 'agent ready'));
    assert.ok(terminal.text.endsWith('\r\u001b[K✔ agent ready\n'));
    steps.stop();
    assert.ok(terminal.text.endsWith('ready\n'));
  });
});
