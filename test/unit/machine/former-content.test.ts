import assert from 'node:assert/strict';
import { containerServers, containersTable, publishedServers } from '../../../src/machine/linux/dns/containers.ts';
import { PaperMachine } from '../support/machine.ts';
import { formerContent, readFormerContent } from '../../../src/machine/linux/dns/former-content.ts';

const HEAD = '# Written by mirrord (session default); the previous content is restored when the session ends.\n';
const FILE = { kind: 'file', mode: 0o644, uid: 0, gid: 0, content: 'nameserver 192.0.2.53\n# Before: {}\n' } as const;
const LINK = { kind: 'link', mode: 0o777, uid: 0, gid: 0, target: '../run/resolv.conf', content: 'x' } as const;

describe('a resolv.conf that tells what was before it', () => {
  for (const before of [FILE, LINK, undefined]) {
    it(`tells of ${before?.kind ?? 'nothing'}`, () => {
      const text = `${HEAD}nameserver 198.19.0.53\n${formerContent(before)}`;
      assert.deepEqual(readFormerContent(text), { session: 'default', before });
      assert.match(text, /^(#.*\n|nameserver .*\n)+$/, 'nothing of it is a setting');
    });
  }

  it('is nobody’s but ours, whole, and as we wrote it', () => {
    const text = `${HEAD}nameserver 198.19.0.53\n${formerContent(FILE)}`;
    assert.equal(readFormerContent('nameserver 192.0.2.53\n'), undefined);
    assert.equal(readFormerContent(formerContent(FILE)), undefined);
    assert.equal(readFormerContent(text.slice(0, -10)), undefined);
    assert.equal(readFormerContent(`${text}nameserver 192.0.2.1\n`), undefined);
    assert.equal(readFormerContent(`${HEAD}# Before: nonsense\n`), undefined);
  });
});

const PLAIN = '@th,80,8 & 0xf9 == 0x1';
const BRIDGES = { devices: ['docker0', 'virbr0'], ranges: [] };

describe('names for containers on a bridge', () => {
  it('are taken where this machine’s servers are asked, or Docker’s where those are out of a container’s reach', () => {
    assert.deepEqual(containerServers(['127.0.0.53', '192.0.2.1', 'fe80::1%eth0']), ['192.0.2.1']);
    assert.ok(containerServers(['127.0.0.1', '::1']).includes('8.8.8.8'));
  });

  it('are asked of the resolver of the same family, unless this machine was asked', () => {
    assert.equal(
      containersTable('mirrord_x_containers', BRIDGES, ['198.19.0.53', 'fd00::53'], ['192.0.2.1', 'fd00::1'], [], 7),
      'table inet mirrord_x_containers { flags owner; chain zone { type filter hook prerouting priority -300; ' +
        'iifname != { "docker0", "virbr0" } return; fib daddr type local return; ' +
        `ip daddr 192.0.2.1 udp dport 53 ${PLAIN} ct original zone set 7; ip daddr 192.0.2.1 tcp dport 53 ct original zone set 7; ` +
        `ip6 daddr fd00::1 udp dport 53 ${PLAIN} ct original zone set 7; ip6 daddr fd00::1 tcp dport 53 ct original zone set 7; }; ` +
        'chain in { type nat hook prerouting priority -110; ' +
        'iifname != { "docker0", "virbr0" } return; fib daddr type local return; ' +
        `ip daddr 192.0.2.1 udp dport 53 ${PLAIN} dnat ip to 198.19.0.53; ip daddr 192.0.2.1 tcp dport 53 dnat ip to 198.19.0.53; ` +
        `ip6 daddr fd00::1 udp dport 53 ${PLAIN} dnat ip6 to fd00::53; ip6 daddr fd00::1 tcp dport 53 dnat ip6 to fd00::53; }; }`,
    );
  });

  it('are not given to the container that is this machine’s own name server', () => {
    const machine = new PaperMachine();
    const proxy = (pid: number, port: string, container: string, user = 0): void => {
      machine.put(`/proc/${pid}/comm`, 'docker-proxy\n');
      machine.put(`/proc/${pid}/status`, `Name:\tdocker-proxy\nUid:\t${user}\t${user}\t${user}\t${user}\n`);
      const words = ['-proto', 'udp', '-host-ip', '0.0.0.0', '-host-port', port, '-container-ip', container];
      machine.put(`/proc/${pid}/cmdline`, `${['/usr/bin/docker-proxy', ...words].join('\0')}\0`);
    };
    proxy(70, '53', '172.17.0.2');
    proxy(71, '8053', '172.17.0.3');
    proxy(72, '53', '172.17.0.4', 1000);
    assert.deepEqual(publishedServers(machine), ['172.17.0.2']);
    machine.discard();
    assert.match(
      containersTable('x', BRIDGES, ['198.19.0.53'], ['192.0.2.1'], ['172.17.0.2', 'fd00::2'], null),
      / return; ip saddr 172\.17\.0\.2 return; ip6 saddr fd00::2 return; ip daddr 192\.0\.2\.1 udp dport 53 .* dnat /,
    );
  });
});
