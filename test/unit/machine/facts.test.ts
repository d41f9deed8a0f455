import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ResolvConfFile } from '../../../src/machine/linux/dns/resolv-conf-file.ts';
import { parseRoutes, readFacts } from '../../../src/machine/linux/facts.ts';
import { PaperJournal } from '../support/journal.ts';
import type { MachineDns } from '../../../src/machine/facts.ts';
import type { DnsState } from '../../../src/machine/dns-state.ts';
import { PaperMachine } from '../support/machine.ts';

describe('routes as `ip -json` lists them', () => {
  it('keeps what leads somewhere, with table and metric', () => {
    const json = JSON.stringify([
      { dst: 'default', gateway: '192.168.7.254', dev: 'eth0', metric: 100, flags: [] },
      { dst: '10.1.2.3', dev: 'wg0', table: '52', flags: [] },
      { type: 'unreachable', dst: '10.9.0.0/16', metric: 4, flags: [] },
      { type: 'local', dst: '127.0.0.1', dev: 'lo', table: 'local' },
      { dst: '10.8.0.0/16', nexthops: [{ gateway: '192.168.7.1', dev: 'eth0' }, { dev: 'eth1' }] },
    ]);
    assert.deepEqual(parseRoutes(json, 4), [
      { destination: '0.0.0.0/0', device: 'eth0', gateway: '192.168.7.254', metric: 100 },
      { destination: '10.1.2.3/32', device: 'wg0', table: '52' },
      { destination: '10.8.0.0/16', device: 'eth0', gateway: '192.168.7.1' },
      { destination: '10.8.0.0/16', device: 'eth1' },
    ]);
    assert.deepEqual(parseRoutes('[{"dst":"default","dev":"eth0"}]', 6), [{ destination: '::/0', device: 'eth0' }]);
  });
});

const DNS: DnsState = {
  mode: 'resolv.conf',
  servers: ['198.19.0.53'],
  redirects: [{ server: '192.168.7.254', port: 5300 }],
  exempt: { hopLimit: 100, tcp: [] },
  search: [],
  domains: [],
  everything: false,
};

describe('the name servers that the machine uses', () => {
  let machine: PaperMachine;
  let journal: PaperJournal;
  beforeEach(() => {
    machine = new PaperMachine();
    machine.answers.set('ip -json -details addr', { code: 0, stdout: '[]', stderr: '' });
    journal = new PaperJournal(machine, 'default');
    machine.put('/run/systemd/resolve/resolv.conf', 'nameserver 192.0.2.1\n');
  });
  afterEach(() => machine.discard());

  const dns = async (): Promise<MachineDns> => (await readFacts(machine, journal, 'mirrord0', [])).dns;
  /** `address`: as /proc/net/udp prints it. */
  const listen = (address: string): void => machine.put('/proc/net/udp', `sl\n 1: ${address}:0035 0 07 0 0 0 101 0\n`);

  const STUB = 'nameserver 127.0.0.53\n';
  const CASES: Record<string, { readonly text: string; readonly given?: () => void; readonly servers: string[] }> = {
    'behind the stub of systemd-resolved': {
      text: STUB,
      given: () => {
        machine.put('/proc/77/comm', 'systemd-resolve\n');
        machine.processes.set(77, '1');
        listen('3500007F');
      },
      servers: ['192.0.2.1'],
    },
    'behind that stub, for a user, who may not look into it': {
      text: STUB,
      given: () => {
        machine.put('/proc/77/comm', 'systemd-resolve\n');
        machine.user = 1000;
        listen('3500007F');
      },
      servers: ['192.0.2.1'],
    },
    'behind a stub that nobody answers at here': { text: STUB, servers: ['192.0.2.1'] },
    'another program at the address of that stub': {
      text: STUB,
      given: () => listen('3500007F'),
      servers: ['127.0.0.53'],
    },
    'the one on this machine where the file names none': {
      text: '# nothing\n',
      given: () => listen('0100007F'),
      servers: ['127.0.0.1'],
    },
    'none where the file names none and nobody listens': { text: '', servers: [] },
  };
  for (const [name, { text, given, servers }] of Object.entries(CASES)) {
    it(name, async () => {
      machine.put('/etc/resolv.conf', text);
      given?.();
      assert.deepEqual((await dns()).servers, servers);
    });
  }

  it('what is behind the link that resolv.conf was, as it is now', async () => {
    machine.put('/run/nm/resolv.conf', 'nameserver 192.0.2.7\n');
    mkdirSync(join(machine.root, 'etc'));
    symlinkSync('../run/nm/resolv.conf', join(machine.root, 'etc/resolv.conf'));
    journal.claim({ uid: 0, gid: 0, name: 'root' });
    await new ResolvConfFile(machine, journal).apply(DNS);
    machine.put('/run/nm/resolv.conf', 'nameserver 192.0.2.8\n');
    assert.deepEqual((await dns()).servers, ['192.0.2.8']);
  });

  it('what was there before both, when a later session has written over it', async () => {
    machine.put('/etc/resolv.conf', 'nameserver 192.0.2.7\n');
    journal.claim({ uid: 0, gid: 0, name: 'root' });
    await new ResolvConfFile(machine, journal).apply(DNS);
    const later = new ResolvConfFile(machine, new PaperJournal(machine, 'later'));
    await later.apply({ ...DNS, servers: ['198.19.1.53'] });
    assert.deepEqual((await dns()).servers, ['192.0.2.7']);
    assert.match(await new ResolvConfFile(machine, journal).apply(DNS), /below session later/);
  });
});
