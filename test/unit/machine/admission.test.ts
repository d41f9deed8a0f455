import assert from 'node:assert/strict';
import { readFacts } from '../../../src/machine/linux/facts.ts';
import { PaperJournal } from '../support/journal.ts';
import { admissionOf, passOthers } from '../../../src/machine/linux/network/admission.ts';
import { Strangers, strangersTable } from '../../../src/machine/linux/nftables/strangers.ts';
import { describeForwarded } from '../../../src/session/forwarded.ts';
import { PaperMachine } from '../support/machine.ts';
import { defined } from '../../../src/defined.ts';

const BRIDGES = [{ name: 'docker0' }, { name: 'br0', uplink: 'enp3s0' }];

describe('who comes in beside this machine', () => {
  it('is told by the bridges, unless they lead out', () => {
    assert.deepEqual(admissionOf('bridges', BRIDGES), { devices: ['docker0'], ranges: [] });
    assert.deepEqual(admissionOf('off', BRIDGES), { devices: [], ranges: [] });
    const listed = ['10.1.0.0/16', '10.0.0.0/8', 'fd00::/8'];
    assert.deepEqual(admissionOf(listed, BRIDGES), { devices: [], ranges: ['10.0.0.0/8', 'fd00::/8'] });
  });

  it('is said in one line', () => {
    const text = 'open to this machine and its bridges docker0; not to br0, which has the uplink enp3s0';
    assert.equal(describeForwarded('bridges', BRIDGES), text);
    assert.equal(describeForwarded('bridges', []), 'open to this machine only');
    assert.match(describeForwarded('off', BRIDGES), /^open to this machine only \(.*forwarded is "off"\)$/);
    assert.match(describeForwarded(['10.0.0.0/8'], BRIDGES), /^open to this machine and 10\.0\.0\.0\/8 \(/);
  });

  it('becomes rules of nftables, for either family', () => {
    assert.deepEqual(passOthers({ devices: [], ranges: ['10.0.0.0/8'] }), [
      'meta nfproto ipv4 ip saddr != { 10.0.0.0/8 } return;',
      'meta nfproto ipv6 return;',
    ]);
    assert.equal(
      strangersTable('x', 'mirrord0', { devices: ['docker0', 'virbr0'], ranges: [] }),
      'table inet x { flags owner; chain forward { type filter hook forward priority -10; ' +
        'iifname { "docker0", "virbr0" } return; fib daddr oifname "mirrord0" counter drop; }; }',
    );
  });

  it('is found among the links: a bridge with a port that is no end of a container’s is part of another network', async () => {
    const machine = new PaperMachine();
    const link = (ifname: string, kind?: string, master?: string) => ({
      ifname,
      ...defined({ master }),
      ...(kind === undefined ? {} : { linkinfo: { info_kind: kind } }),
      addr_info: [],
    });
    const links = [
      link('lo'),
      link('docker0', 'bridge'),
      link('virbr0', 'bridge'),
      link('vnet0', 'tun', 'virbr0'),
      link('veth1', 'veth', 'virbr0'),
      link('br0', 'bridge'),
      link('vnet1', 'tun', 'br0'),
      link('enp3s0', undefined, 'br0'),
      link('br1', 'bridge'),
      link('vx0', 'vxlan', 'br1'),
      link('br2', 'bridge'),
      { ...link('patch0', 'veth', 'br2'), link: 'patch1' },
      { ...link('patch1', 'veth', 'br1'), link: 'patch0' },
      link('a"b', 'bridge'),
      link('bond0', 'bond'),
    ];
    machine.answers.set('ip -json -details addr', { code: 0, stdout: JSON.stringify(links), stderr: '' });
    const { bridges } = await readFacts(machine, new PaperJournal(machine, 'default'), 'mirrord0', []);
    assert.deepEqual(bridges, [
      { name: 'docker0' },
      { name: 'virbr0' },
      { name: 'br0', uplink: 'enp3s0' },
      { name: 'br1', uplink: 'vx0' },
      { name: 'br2', uplink: 'patch0' },
    ]);
    machine.discard();
  });

  it('is not counted where nftables does not work', async () => {
    const machine = new PaperMachine();
    machine.answers.set('nft', { code: 1, stdout: '', stderr: 'no such table' });
    assert.equal(await new Strangers(machine.run, 'default', 'mirrord0').count(), null);
    machine.discard();
  });
});
