import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { ResolvConfFile } from '../../../src/machine/linux/dns/resolv-conf-file.ts';
import { PaperJournal } from '../support/journal.ts';
import { withLock } from '../../../src/host/journal/lock.ts';
import { recoverSession, restoreAllLocked } from '../../../src/host/journal/recovery.ts';
import { LinuxMachine } from '../../../src/machine/linux/linux-machine.ts';
import { playBack, playBackNetwork } from '../../../src/machine/linux/journal/playback.ts';
import { playBackResolvConf } from '../../../src/machine/linux/journal/resolv-conf-playback.ts';
import type { DnsState } from '../../../src/machine/dns-state.ts';
import { NAMESPACE, PaperMachine } from '../support/machine.ts';

const DNS: DnsState = {
  mode: 'resolv.conf',
  servers: ['198.19.0.53'],
  redirects: [{ server: '192.168.7.254', port: 5300 }],
  exempt: { hopLimit: 100, tcp: [] },
  search: ['svc.cluster.local'],
  domains: ['cluster.local'],
  everything: false,
};

const THERE = 'net:[77]';
const BEFORE = '# mine\nnameserver 192.168.7.254\n';
const FOREIGN = ['4 rule pref 100 lookup main ', '4 route 10.0.0.0/8 dev eth0 ', '4 rule pref 5004 lookup 9 '];
const RULES = ['pref 5009 nop', 'pref 5004 lookup 7300'];
const ROUTE = 'throw 10.96.0.1/32 table 7300';

describe('the journal', () => {
  let machine: PaperMachine;
  let journal: PaperJournal;
  let path: string;

  const open = (shape: 'file' | 'link' | 'absent'): void => {
    machine = new PaperMachine();
    path = join(machine.root, '/etc/resolv.conf');
    mkdirSync(join(machine.root, 'etc'));
    if (shape === 'file') writeFileSync(path, BEFORE, { mode: 0o640 });
    if (shape === 'link') symlinkSync('../run/stub.conf', path);
    for (const line of FOREIGN) machine.state.add(line);
    journal = new PaperJournal(machine, 'default');
    journal.claim({ uid: 0, gid: 0, name: 'root' });
  };
  afterEach(() => machine.discard());

  const look = (): string => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return 'absent';
    return stat.isSymbolicLink()
      ? `-> ${readlinkSync(path)}`
      : `${(stat.mode & 0o777).toString(8)} ${readFileSync(path, 'utf8')}`;
  };
  const die = (): void => {
    machine.processes.delete(process.pid);
    machine.processes.set(process.pid, '200');
  };

  /** Of the same name, in another network namespace; it has ended unless a process holds it. */
  const openThere = (): PaperJournal => {
    const there = new PaperJournal(machine, 'default', THERE);
    there.claim({ uid: 0, gid: 0, name: 'root' });
    return there;
  };
  const holdThere = (): void => {
    machine.processes.set(4242, '9');
    mkdirSync(join(machine.root, 'proc/4242'), { recursive: true });
    machine.probes.networkNamespace = (pid) => (pid === 4242 ? THERE : NAMESPACE);
  };

  const shape = fc.constantFrom('file' as const, 'link' as const, 'absent' as const);

  it('comes back whatever had been done, in any order, any number of times', async () => {
    await fc.assert(
      fc.asyncProperty(
        shape,
        fc.subarray(RULES.concat(ROUTE)),
        fc.constantFrom('nothing', 'journaled', 'written'),
        fc.shuffledSubarray(['network', 'network again', 'resolv.conf', 'resolv.conf again'], { minLength: 4 }),
        async (start, made, progress, order) => {
          open(start);
          const before = look();
          journal.writeNetwork({
            tun: 'mirrord0',
            addresses: ['198.19.0.1/32'],
            routes: ['10.96.0.0/16'],
            undo: { 4: [...RULES.map((line) => `rule del ${line}`), `route del ${ROUTE}`], 6: [] },
          });
          for (const line of made) machine.state.add(`4 ${line === ROUTE ? 'route' : 'rule'} ${line} `);
          if (progress !== 'nothing') {
            await new ResolvConfFile(machine, journal).apply(DNS);
            assert.notEqual(look(), before);
            if (progress === 'journaled') {
              // As if it had been killed before the file was touched.
              rmSync(path);
              if (start === 'file') writeFileSync(path, BEFORE, { mode: 0o640 });
              if (start === 'link') symlinkSync('../run/stub.conf', path);
            }
          }
          for (const entry of order) {
            if (entry.startsWith('network')) await playBackNetwork(machine, journal);
            else assert.deepEqual(playBackResolvConf(machine, journal), []);
          }
          assert.equal(look(), before);
          assert.deepEqual([...machine.state], FOREIGN);
          assert.ok(journal.clean);
          machine.discard();
        },
      ),
    );
  });

  it('comes back from a write that was cut in the middle, either way', async () => {
    open('file');
    await new ResolvConfFile(machine, journal).apply(DNS);
    const ours = readFileSync(path, 'utf8');
    for (const torn of [
      ours + BEFORE.slice(ours.length),
      `${ours}tail of the old one`,
      BEFORE + ours.slice(BEFORE.length),
    ]) {
      writeFileSync(path, torn);
      const entry = journal.resolvConf();
      assert.ok(entry);
      assert.deepEqual(playBackResolvConf(machine, journal), []);
      assert.equal(readFileSync(path, 'utf8'), BEFORE);
      journal.writeResolvConf(entry);
    }
  });

  it('leaves a newer file of another program, and says so', async () => {
    for (const start of ['file', 'link', 'absent'] as const) {
      open(start);
      await new ResolvConfFile(machine, journal).apply(DNS);
      writeFileSync(path, 'nameserver 9.9.9.9\n');
      const notes = playBackResolvConf(machine, journal);
      assert.equal(notes.length, 1);
      assert.match(notes[0] ?? '', /another program/);
      assert.equal(readFileSync(path, 'utf8'), 'nameserver 9.9.9.9\n');
      if (start !== 'absent') machine.discard();
    }
  });

  it('brings a deleted file back with its mode', async () => {
    open('file');
    await new ResolvConfFile(machine, journal).apply(DNS);
    rmSync(path);
    assert.deepEqual(playBackResolvConf(machine, journal), []);
    assert.equal(look(), `640 ${BEFORE}`);
  });

  it('keeps the first content over several changes of the state', async () => {
    open('file');
    const file = new ResolvConfFile(machine, journal);
    await file.apply(DNS);
    await file.apply({ ...DNS, search: ['other.example'] });
    assert.match(readFileSync(path, 'utf8'), /search other\.example/);
    await file.undo();
    assert.equal(look(), `640 ${BEFORE}`);
  });

  it('follows another program that writes the file, and leaves it to one that insists', async () => {
    open('link');
    const file = new ResolvConfFile(machine, journal);
    await file.apply(DNS);
    for (let lease = 1; lease <= 5; lease++) {
      rmSync(path);
      // The first two are the same.
      writeFileSync(path, `nameserver 9.9.9.${Math.max(2, lease)}\n`, { mode: 0o600 });
      await file.apply(DNS);
      assert.match(readFileSync(path, 'utf8'), /^nameserver 198\.19\.0\.53$/m);
    }
    writeFileSync(path, 'nameserver 9.9.9.9\n');
    await assert.rejects(file.apply(DNS), { code: 'resolv-conf-contested' });
    assert.equal(readFileSync(path, 'utf8'), 'nameserver 9.9.9.9\n');
    writeFileSync(path, journal.resolvConf()?.written ?? '');
    await file.undo();
    assert.equal(look(), '600 nameserver 9.9.9.5\n');
  });

  it('is left alone while its owner lives, and played back when its number is another’s', async () => {
    open('file');
    await new ResolvConfFile(machine, journal).apply(DNS);
    assert.equal((await recoverSession('default', new LinuxMachine(machine))).outcome, 'alive');
    assert.notEqual(look(), `640 ${BEFORE}`);
    die();
    assert.equal((await recoverSession('default', new LinuxMachine(machine))).outcome, 'restored');
    assert.equal(look(), `640 ${BEFORE}`);
    assert.equal((await recoverSession('default', new LinuxMachine(machine))).outcome, 'absent');
  });

  it('enters the namespace in which the changes were made', async () => {
    open('file');
    const there = openThere();
    there.writeNetwork({ tun: 'mirrord0', addresses: [], routes: [], undo: { 4: [], 6: [] } });
    holdThere();
    die();
    await recoverSession('default', new LinuxMachine(machine), THERE);
    assert.deepEqual(
      machine.calls,
      [4, 6].map((family) => `nsenter --net=/proc/4242/ns/net ip -${family} -force -batch -`),
    );
  });

  it('makes resolved write its files by a link of our own, which goes whatever resolved says', async () => {
    for (const reverted of [0, 1]) {
      open('file');
      machine.put('/proc/4242/comm', 'systemd-resolve\n');
      machine.processes.set(4242, '9');
      machine.answers.set('resolvectl', { code: reverted, stdout: '', stderr: '' });
      journal.writeResolved();
      assert.equal(journal.clean, false);
      await playBack(machine, journal);
      assert.deepEqual(
        [...new Set(machine.calls)],
        ['ip tuntap add dev mirrord-dns mode tun', 'resolvectl revert mirrord-dns', 'ip link del mirrord-dns'],
      );
      assert.ok(journal.clean);
      await playBack(machine, journal);
      assert.equal(machine.calls.at(-1), 'ip link del mirrord-dns');
      if (reverted === 0) machine.discard();
    }
  });

  it('starts no resolved, and asks none in another namespace', async () => {
    open('file');
    journal.writeResolved();
    await playBack(machine, journal);
    assert.deepEqual(machine.calls, []);
    assert.ok(journal.clean);
  });

  it('forgets the network of a namespace that has ended', async () => {
    open('file');
    openThere().writeNetwork({ tun: 'mirrord0', addresses: [], routes: [], undo: { 4: [], 6: [] } });
    die();
    const restored = await restoreAllLocked(new LinuxMachine(machine));
    assert.deepEqual(
      restored.map(({ name, outcome }) => [name, outcome]),
      [
        ['default', 'restored'],
        ['default', 'restored'],
      ],
    );
    assert.deepEqual(machine.calls, []);
  });

  it('is one of its own for each network namespace, whatever the name', async () => {
    open('file');
    const there = openThere();
    holdThere();
    journal.writeNetwork({ tun: 'mirrord0', addresses: [], routes: ['10.96.0.0/16'], undo: { 4: [], 6: [] } });
    assert.deepEqual(there.otherNetworks(), []);
    assert.deepEqual(journal.otherNetworks(), []);
    const namesake = new PaperJournal(machine, 'second');
    namesake.claim({ uid: 0, gid: 0, name: 'root' });
    assert.deepEqual(namesake.otherNetworks(), [{ name: 'default', routes: ['10.96.0.0/16'] }]);
    // What is only claimed counts as what is routed, and goes with it.
    there.writeReserved(['10.98.0.0/16']);
    journal.writeReserved(['10.97.0.0/16', '10.96.0.0/16']);
    assert.deepEqual(namesake.otherNetworks(), [{ name: 'default', routes: ['10.96.0.0/16', '10.97.0.0/16'] }]);
    journal.clearNetwork();
    assert.deepEqual(namesake.otherNetworks(), [{ name: 'default', routes: [] }]);
    die();
    // What has died there is its own namespace's to restore, as long as that lives.
    const restored = await restoreAllLocked(new LinuxMachine(machine));
    assert.deepEqual(
      restored.map(({ name }) => name),
      ['default', 'second'],
    );
    assert.equal(machine.files.kind(journal.folder), undefined);
    assert.equal(machine.files.kind(there.folder)?.kind, 'folder');
  });

  it('comes back when somebody has removed the folder meanwhile', async () => {
    open('file');
    journal.writeNetwork({
      tun: 'mirrord0',
      addresses: [],
      routes: [],
      undo: { 4: RULES.map((line) => `rule del ${line}`), 6: [] },
    });
    for (const line of RULES) machine.state.add(`4 rule ${line} `);
    await new ResolvConfFile(machine, journal).apply(DNS);
    const remove = (): void => rmSync(join(machine.root, 'run'), { recursive: true });
    remove();
    // The next entry brings the others back, for the guard.
    journal.writeRedirect({ priority: -110, exemption: { uid: 1000, hopLimit: 100, tcp: [] } });
    assert.ok(new PaperJournal(machine, 'default').alive());
    assert.ok(new PaperJournal(machine, 'default').network());
    remove();
    await playBack(machine, journal);
    assert.equal(look(), `640 ${BEFORE}`);
    assert.deepEqual([...machine.state], FOREIGN);
    journal.discard();
    assert.equal(existsSync(join(machine.root, 'run/mirrord')), false);
  });

  it('brings every byte back, whatever it was written in', async () => {
    open('file');
    const bytes = Buffer.from([0x23, 0xfc, 0xff, 0x0d, 0x0a, 0x00, 0xc3, 0xbc]);
    writeFileSync(path, bytes);
    await new ResolvConfFile(machine, journal).apply(DNS);
    await new ResolvConfFile(machine, journal).apply({ ...DNS, search: ['other.example'] });
    assert.deepEqual(playBackResolvConf(machine, journal), []);
    assert.deepEqual(readFileSync(path), bytes);
  });

  describe('of two sessions, one above the other', () => {
    let later: PaperJournal;
    const openTwo = async (start: 'file' | 'link' | 'absent'): Promise<void> => {
      open(start);
      await new ResolvConfFile(machine, journal).apply(DNS);
      later = new PaperJournal(machine, 'later');
      later.claim({ uid: 0, gid: 0, name: 'root' });
      await new ResolvConfFile(machine, later).apply({ ...DNS, servers: ['198.19.1.53'] });
    };

    for (const start of ['file', 'link', 'absent'] as const) {
      it(`brings what was before both back, whichever ends first (${start})`, async () => {
        for (const order of ['later first', 'earlier first'] as const) {
          open(start);
          const before = look();
          machine.discard();
          await openTwo(start);
          const [first, second] = order === 'later first' ? [later, journal] : [journal, later];
          assert.deepEqual(playBackResolvConf(machine, first), []);
          assert.match(readFileSync(path, 'utf8'), new RegExp(`session ${second.name}\\)`));
          assert.deepEqual(playBackResolvConf(machine, second), []);
          assert.equal(look(), before, order);
          if (order === 'later first') machine.discard();
        }
      });
    }

    it('does so after a power failure, too', async () => {
      await openTwo('file');
      rmSync(join(machine.root, 'run'), { recursive: true });
      assert.equal((await recoverSession('default', new LinuxMachine(machine))).name, 'later');
      assert.equal(look(), `640 ${BEFORE}`);
    });
  });

  it('serves one after another under the lock', async () => {
    open('file');
    const order: string[] = [];
    const work = (name: string) => (): Promise<void> => {
      order.push(`${name} in`);
      return new Promise((resolve) => {
        setTimeout(() => {
          order.push(`${name} out`);
          resolve();
        }, 10);
      });
    };
    await Promise.all([withLock(machine, work('a')), withLock(machine, work('b'))]);
    assert.deepEqual(order, ['a in', 'a out', 'b in', 'b out']);
  });
});
