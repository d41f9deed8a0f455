import assert from 'node:assert/strict';
import { PaperJournal } from '../support/journal.ts';
import { playBackNetwork } from '../../../src/machine/linux/journal/playback.ts';
import { socketsOf } from '../../../src/machine/linux/network/sockets.ts';
import type { BoundFlow } from '../../../src/machine/network-state.ts';
import { PaperMachine } from '../support/machine.ts';

describe('sockets of a session', () => {
  let machine: PaperMachine;
  beforeEach(() => {
    machine = new PaperMachine();
  });
  afterEach(() => machine.discard());

  const playBack = async (): Promise<readonly string[]> => {
    const journal = new PaperJournal(machine, 'default');
    journal.claim({ uid: 0, gid: 0, name: 'root' });
    const addresses = ['198.19.0.1/32', 'fd6d::1/128'];
    journal.writeNetwork({ tun: 'mirrord0', addresses, routes: [], undo: { 4: [], 6: [] } });
    await playBackNetwork(machine, journal);
    return machine.calls;
  };

  it('have one of its own addresses', () => {
    assert.equal(socketsOf(['198.19.0.1/32', 'fd6d::1/128'], []), '( src 198.19.0.1 or src [fd6d::1] )');
    assert.equal(socketsOf([], []), '');
  });

  it('or are bound to another address, and told by their four numbers', () => {
    const flow = (source: string, destination: string): BoundFlow => ({
      source: { host: source, port: 4000 },
      destination: { host: destination, port: 80 },
    });
    const flows = [flow('192.168.7.1', '10.96.0.4'), flow('fd00:7::1', 'fd00:96::4')];
    assert.equal(
      socketsOf(['198.19.0.1/32'], flows),
      '( src 198.19.0.1 or ( src 192.168.7.1:4000 and dst 10.96.0.4:80 ) ' +
        'or ( src [fd00:7::1]:4000 and dst [fd00:96::4]:80 ) )',
    );
  });

  it('are ended before the link goes, and those that came meanwhile after it', async () => {
    machine.put('/sbin/ss', '');
    const end = 'ss -K -H -n -t -u state connected ( src 198.19.0.1 or src [fd6d::1] )';
    assert.deepEqual(await playBack(), [end, 'ip -4 -force -batch -', 'ip -6 -force -batch -', end]);
  });

  it('are left to themselves where there is no ss, and the rest is taken back', async () => {
    assert.deepEqual(await playBack(), ['ip -4 -force -batch -', 'ip -6 -force -batch -']);
  });
});
