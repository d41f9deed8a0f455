import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { HostClient } from '../../../src/session/host-client.ts';

type Sent = (error: Error | null) => void;

/** `process` as far as the client knows it; without a callback a message that cannot be sent ends the process. */
class Channel extends EventEmitter {
  readonly sent: unknown[] = [];
  #connected = true;

  send(message: unknown, _handle?: undefined, _options?: undefined, callback?: Sent): boolean {
    const error = this.#connected ? null : new Error('Channel closed');
    if (error === null) this.sent.push(message);
    process.nextTick(() => {
      if (callback !== undefined) callback(error);
      else if (error !== null) this.emit('error', error);
    });
    return error === null;
  }

  close(): void {
    this.#connected = false;
    this.emit('disconnect');
  }
}

describe("the session's side of the channel to the host", () => {
  it('matches answers to questions', async () => {
    const channel = new Channel();
    const host = new HostClient(channel);
    const answers = [host.facts(), host.route({ address: '10.0.0.1', protocol: null, port: null })];
    channel.emit('message', { type: 'reply', id: 2, value: 'eth0' });
    channel.emit('message', { type: 'reply', id: 1, value: 'facts' });
    assert.deepEqual(await Promise.all(answers), ['facts', 'eth0']);
  });

  it('lives on without a host, to put its own things in order: nothing is waited for, nothing is thrown', async () => {
    const channel = new Channel();
    const host = new HostClient(channel);
    const before = assert.rejects(host.facts(), { code: 'host-silent' });
    channel.close();
    await before;
    host.progress('agent', 'done', 'deleted');
    await assert.rejects(host.facts(), { code: 'host-silent' });
  });
});
