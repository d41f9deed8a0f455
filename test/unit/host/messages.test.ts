import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkMessage } from '../../../src/host/messages.ts';

const refused = { code: 'request-refused' };

describe('what the session says of its own accord', () => {
  const messages = [
    { type: 'progress', progress: { step: 'agent', state: 'done', text: 'agent ready' } },
    { type: 'ready', ready: { place: null, service: { name: 'web', port: 80, isWeb: true }, log: '/home/dev/a.log' } },
    { type: 'ready', ready: { place: 'netns/lab', service: null, log: null } },
    { type: 'path', change: { state: 'lost', reason: 'it is away', keptMs: 120_000 } },
    { type: 'path', change: { state: 'lost', reason: 'it is away', keptMs: null } },
    { type: 'path', change: { state: 'back', afterMs: 69_000, connections: 'kept', agent: 'job/a' } },
    { type: 'failed', error: { code: 'agent-away', failure: 'agent', message: 'It is away.', help: 'Wait.' } },
    { type: 'failed', error: { code: 'agent-away', failure: 'agent', message: 'It is away.' } },
    { type: 'remains', remains: [{ what: "The agent's Job a/b", why: null, withinMs: 120_000 }] },
    { type: 'released' },
    { type: 'interrupted' },
    { type: 'down' },
  ];
  for (const message of messages) {
    it(`takes ${JSON.stringify(message)} as it is`, () => assert.deepEqual(checkMessage(message), message));
  }

  it('leaves the fields of a request to whoever answers it', () => {
    const request = { type: 'request', id: 3, op: 'facts', args: [] };
    assert.deepEqual(checkMessage(request), { type: 'request', id: 3, request });
  });

  const strange = {
    null: null,
    'no object': 'down',
    'no type': {},
    'another type': { type: 'start' },
    'a failure that would exit with 0': { type: 'failed', error: { code: 'x', failure: 'ok', message: 'x' } },
    'a failure of a class that there is not': {
      type: 'failed',
      error: { code: 'x', failure: 'toString', message: 'x' },
    },
    'a step of its own': { type: 'progress', progress: { step: 'x', state: 'done', text: 'x' } },
    'a path in another state': { type: 'path', change: { state: 'odd' } },
    'connections of a kind that there is not': {
      type: 'path',
      change: { state: 'back', afterMs: 1, connections: 'x', agent: 'a' },
    },
    'a place that is no text': { type: 'ready', ready: { place: 1, service: null, log: null } },
    'a text without end': { type: 'ready', ready: { place: 'x'.repeat(1 << 20), service: null, log: null } },
    'a service that is a command': {
      type: 'ready',
      ready: { place: null, service: { name: 'web;reboot', port: 80, isWeb: true }, log: null },
    },
    'a service at no port': {
      type: 'ready',
      ready: { place: null, service: { name: 'web', port: 0, isWeb: true }, log: null },
    },
    'what remains for ever': { type: 'remains', remains: [{ what: 'x', why: null, withinMs: Infinity }] },
    'a request without a number': { type: 'request', op: 'facts', args: [] },
  };
  for (const [name, message] of Object.entries(strange)) {
    it(`refuses ${name}`, () => assert.throws(() => checkMessage(message), refused));
  }

  it('refuses anything else without another error', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          checkMessage(value);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'request-refused');
        }
      }),
    );
  });
});
