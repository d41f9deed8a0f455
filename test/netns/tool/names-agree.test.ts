/**
 * What `explain` says of a name, and what programs get: glibc, dig, and a static binary where there is a Go to build it with.
 * Names × machines × modes.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from '../../../scripts/sandbox/session.ts';
import { nssResolve, openResolved } from '../support/resolved.ts';
import { Sandbox } from '../support/sandbox.ts';
import { poll } from '../support/session.ts';
import { snapshot } from '../support/snapshot.ts';

const CHECKOUT = join(import.meta.dirname, '../../..');
const CLUSTER_DNS = '10.96.0.10';
const CLUSTER = `
ip netns add cluster
ip -n cluster link set lo up
ip -n cluster link add services type veth peer name services-end
ip -n cluster link set services-end up
ip -n cluster link set services up
ip -n cluster address add 10.96.0.1/16 dev services
ip -n cluster address add ${CLUSTER_DNS}/32 dev services
mkdir -p /etc/netns/cluster
printf 'nameserver ${CLUSTER_DNS}\\nsearch default.svc.cluster.local svc.cluster.local cluster.local\\noptions ndots:5\\n' > /etc/netns/cluster/resolv.conf
`;
const CLUSTER_ZONE = {
  'web.default.svc.cluster.local': '10.96.0.80',
  'db.staging.svc.cluster.local': '10.96.0.81',
  'staging.svc.cluster.local': '10.96.0.82',
};
const OFFICE_ZONE = {
  'web.corp.example': '192.0.2.80',
  'intranet.corp.example': '192.0.2.81',
  'www.example.com': '192.0.2.82',
};
const GO = '/usr/local/go/bin/go';
const GO_SOURCE = `package main
import ("fmt"; "net"; "os")
func main() { a, _ := net.LookupHost(os.Args[1]); if len(a) > 0 { fmt.Println(a[0]) } }
`;

type Name = 'web' | 'web.corp.example' | 'intranet' | 'db.staging' | 'www.example.com' | 'nowhere' | 'web.default.svc';
type Answers = Readonly<Partial<Record<Name, string>>>;
const RIGHT: Answers = {
  web: '10.96.0.80',
  'web.corp.example': '192.0.2.80',
  intranet: '192.0.2.81',
  'db.staging': '10.96.0.81',
  'www.example.com': '192.0.2.82',
  nowhere: '',
  'web.default.svc': '10.96.0.80',
};
const WITHOUT_SEARCH: Answers = { ...RIGHT, intranet: '' };
const WITHOUT_LABELS: Answers = { ...WITHOUT_SEARCH, web: '' };
/** Of an office whose server says nothing: a cluster name may wait for it for a second, and a program takes some time itself. */
const CLUSTER_NAME_MS = 2_000;

interface Machine {
  /** Of the office's answers about corp.example. */
  readonly late?: string;
  /** Shell lines, before the session. */
  readonly setup: string | (() => string);
  readonly resolved?: boolean;
  /** Programs of glibc get the service `web` or the office's, whichever answers first. */
  readonly isRace?: boolean;
  /** By `--dns`: what the session says that it takes, and what programs get. */
  readonly modes: Readonly<Record<string, readonly [taken: RegExp, answers: Answers]>>;
}

const link = 'resolvectl dns dev0 192.168.7.254; resolvectl domain dev0 corp.example';
const write = (text: string): string => `rm -f /etc/resolv.conf; printf '${text}' > /etc/resolv.conf`;
/** With the patience that programs have by default: 5 s, twice. */
const SEARCHING = write('nameserver 192.168.7.254\\nsearch corp.example\\n');
/** Where the office says nothing. */
const OF_CLUSTER: Answers = { web: '10.96.0.80', 'db.staging': '10.96.0.81', 'web.default.svc': '10.96.0.80' };
const HIDDEN: Answers = { ...RIGHT, web: '192.0.2.80' };

const MACHINES: Readonly<Record<string, Machine>> = {
  'no search list': {
    setup: write('nameserver 192.168.7.254\\n'),
    modes: { auto: [/nftables redirect/, WITHOUT_SEARCH], 'resolv.conf': [/\/etc\/resolv\.conf/, WITHOUT_SEARCH] },
  },
  'an office search domain': {
    setup: SEARCHING,
    modes: {
      auto: [/\(\/etc\/resolv\.conf.*web\.corp\.example hides/, RIGHT],
      nftables: [/note: .*web\.corp\.example hides the service web/, HIDDEN],
    },
  },
  'a slow office': {
    late: '900',
    setup: SEARCHING,
    modes: { auto: [/\(\/etc\/resolv\.conf/, RIGHT] },
  },
  'a dead office': {
    late: 'never',
    setup: SEARCHING,
    modes: {
      auto: [/\(\/etc\/resolv\.conf/, OF_CLUSTER],
      nftables: [/note: .*hides the service web, unless the server of corp\.example is silent/, OF_CLUSTER],
    },
  },
  'a slow office behind a redirect': {
    late: '1500',
    setup: SEARCHING,
    // Which of the two was meant cannot be told, and a service must not wait.
    modes: { nftables: [/hides the service web, unless/, { web: '10.96.0.80', 'web.corp.example': '' }] },
  },
  'a name server on its link alone': {
    setup: `ip link set dev0 addrgenmode eui64; ip addr add fe80::7/64 dev dev0 nodad
      ip netns exec far ip addr add fe80::1/64 dev far0 nodad; ${write('nameserver fe80::1%%dev0\\n')}`,
    modes: { auto: [/\(\/etc\/resolv\.conf.*fe80::1%dev0 is a link-local address/, WITHOUT_SEARCH] },
  },
  'the stub of systemd-resolved': {
    resolved: true,
    setup: link,
    modes: { auto: [/systemd-resolved, link/, RIGHT] },
  },
  'nss-resolve without the stub': {
    resolved: true,
    setup: () => `${nssResolve()}\n${write('nameserver 192.168.7.254\\n')}`,
    modes: { auto: [/systemd-resolved, .*for glibc programs .*for others nftables/, WITHOUT_SEARCH] },
  },
  'nss-resolve without the stub, and a dead office': {
    resolved: true,
    late: 'never',
    setup: () => `${nssResolve()}\n${link}\n${SEARCHING}`,
    modes: { auto: [/for others nftables.*note: what corp\.example has, too/, OF_CLUSTER] },
  },
  'nss-resolve with the stub, and an office search domain': {
    resolved: true,
    setup: () => `${nssResolve()}\n${link}`,
    isRace: true,
    modes: { auto: [/note: what corp\.example has, too, answers single-label names if it is faster/, RIGHT] },
  },
  'nss-resolve with the stub, and a slow office': {
    resolved: true,
    late: '900',
    setup: () => `${nssResolve()}\n${link}`,
    modes: { auto: [/note: what corp\.example has, too/, RIGHT] },
  },
  'nss-resolve with the stub, and a dead office': {
    resolved: true,
    late: 'never',
    setup: () => `${nssResolve()}\n${link}`,
    modes: { auto: [/note: what corp\.example has, too/, OF_CLUSTER] },
  },
  'a static stub': {
    resolved: true,
    setup: `${link}; ${write('nameserver 127.0.0.53\\n')}`,
    modes: {
      auto: [/systemd-resolved, link .*note: no service is found by a single-label name/, WITHOUT_LABELS],
    },
  },
  'a static stub with an office search domain': {
    resolved: true,
    setup: `${link}; ${write('nameserver 127.0.0.53\\nsearch corp.example\\n')}`,
    modes: {
      auto: [/\(\/etc\/resolv\.conf.*web\.corp\.example hides the service web/, RIGHT],
      resolved: [/systemd-resolved, link .*note: .*web\.corp\.example hides the service web/, HIDDEN],
    },
  },
};

describe('explain, and what programs get', function () {
  this.timeout(90_000);
  let sandbox: Sandbox;
  let session: Session | undefined;
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-names-'));
    if (!existsSync(GO)) return;
    writeFileSync(join(folder, 'look.go'), GO_SOURCE);
    const env = { ...process.env, CGO_ENABLED: '0', GOCACHE: join(folder, 'cache'), GOFLAGS: '-mod=mod' };
    execFileSync(GO, ['build', '-o', join(folder, 'look'), join(folder, 'look.go')], { env, stdio: 'pipe' });
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(async () => {
    await down();
    await sandbox?.close();
  });

  async function serve(side: string, address: string, zone: object, ...late: string[]): Promise<void> {
    const program = join(CHECKOUT, 'test/netns/support/zone-server.ts');
    const args = ['netns', 'exec', side, process.execPath, program, address, JSON.stringify(zone), ...late];
    await once(sandbox.spawn('ip', args).stdout, 'data');
  }
  async function open({ setup, resolved, late }: Omit<Machine, 'modes'>, isLinkLocal = false): Promise<void> {
    const make = resolved === true ? openResolved : (more: string) => Sandbox.open(more);
    sandbox = await make(`${CLUSTER}\n${typeof setup === 'string' ? setup : setup()}`);
    const office = isLinkLocal ? 'fe80::1%far0' : '192.168.7.254';
    await serve('far', office, OFFICE_ZONE, ...(late === undefined ? [] : [late, 'corp.example']));
    await serve('cluster', CLUSTER_DNS, CLUSTER_ZONE);
  }
  async function up(dns: string): Promise<Session> {
    const args = ['up', '-t', 'netns/cluster', '--dns', dns];
    session = await new Session(sandbox.spawn(join(CHECKOUT, 'bin/mirrord'), args, { SUDO_UID: '' })).ready();
    return session;
  }
  async function explainOf(name: string): Promise<{ readonly address: string; readonly notes: string }> {
    const { stdout, stderr } = await sandbox.run(join(CHECKOUT, 'bin/mirrord'), 'explain', name, '--json');
    const { dns, notes } = JSON.parse(stdout || assert.fail(stderr)) as {
      dns: { addresses: readonly string[] } | null;
      notes: readonly string[];
    };
    return { address: dns?.addresses[0] ?? '', notes: notes.join() };
  }
  async function down(): Promise<void> {
    if (session === undefined) return;
    const { code, stderr } = await sandbox.run(join(CHECKOUT, 'bin/mirrord'), 'down');
    assert.equal(code, 0, stderr);
    await session.ended;
    session = undefined;
  }
  const PROGRAMS: Readonly<Record<string, (name: string) => Promise<string>>> = {
    getent: async (name) => (await sandbox.run('getent', 'ahostsv4', name)).stdout.split(/\s/)[0] ?? '',
    dig: async (name) => (await sandbox.run('dig', '+search', '+short', '+tries=1', '+time=4', name)).stdout.trim(),
    ...(existsSync(GO) ? { Go: async (name) => (await sandbox.run(join(folder, 'look'), name)).stdout.trim() } : {}),
  };

  const said = (running: Session, line: RegExp): Promise<void> =>
    poll(
      () => line.test(running.output),
      'it is said',
      5_000,
      () => running.output,
    );

  /** With each difference in the message.  First what `explain` says, then what programs do. */
  async function agree(answers: Answers): Promise<void> {
    const seen: string[] = [];
    const wanted: string[] = [];
    for (const [name, right] of Object.entries(answers)) {
      seen.push(`${name} explain: ${(await explainOf(name)).address}`);
      wanted.push(`${name} explain: ${right}`);
      for (const [program, ask] of Object.entries(PROGRAMS)) {
        seen.push(`${name} ${program}: ${await ask(name)}`);
        wanted.push(`${name} ${program}: ${right}`);
      }
    }
    assert.deepEqual(seen, wanted);
  }

  for (const [title, machine] of Object.entries(MACHINES)) {
    for (const [dns, [taken, answers]] of Object.entries(machine.modes)) {
      it(`agree: ${title}, --dns ${dns}`, async () => {
        await open(machine, title.includes('link alone'));
        await up(dns);
        assert.match((await sandbox.run(join(CHECKOUT, 'bin/mirrord'), 'status')).stdout, taken);
        const start = performance.now();
        const web = (await PROGRAMS['getent']?.('web')) ?? '';
        assert.ok(performance.now() - start < CLUSTER_NAME_MS, `web took ${performance.now() - start} ms`);
        if (machine.isRace !== true) {
          assert.equal(web, answers.web);
          return await agree(answers);
        }
        assert.ok([answers.web, answers['web.corp.example']].includes(web), web);
        assert.match((await explainOf('web')).notes, /or web\.corp\.example, whichever answer comes first/);
        await agree(Object.fromEntries(Object.entries(answers).filter(([name]) => name !== 'web')));
      });
    }
  }

  for (const dns of ['resolv.conf', 'nftables']) {
    it(`agree beside the stub of systemd-resolved, --dns ${dns}, and the machine is as before`, async () => {
      await open({ resolved: true, setup: link });
      const before = await snapshot(sandbox);
      await up(dns);
      await agree(dns === 'nftables' ? HIDDEN : RIGHT);
      await down();
      assert.equal(await snapshot(sandbox), before);
      assert.equal(await PROGRAMS['getent']?.('www.example.com'), RIGHT['www.example.com']);
    });
  }

  it('agree again when resolv.conf has been replaced by another VPN’s client, which is said', async () => {
    await open({ resolved: true, setup: link });
    const running = await up('auto');
    await sandbox.shell(write('nameserver 192.168.7.254\\n'));
    await said(running, /DNS is taken over differently now.*nftables redirect/);
    await agree(WITHOUT_SEARCH);
    const { stdout } = await sandbox.run(join(CHECKOUT, 'bin/mirrord'), 'status', '--json');
    assert.match(stdout, /"mode":\s*"nftables"/);
  });

  it('agree again when nsswitch.conf leads programs of glibc elsewhere, which is said', async () => {
    await open({ resolved: true, setup: `${nssResolve()}\n${write('nameserver 192.168.7.254\\n')}` });
    const running = await up('auto');
    await sandbox.shell("sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf");
    await said(running, /DNS is taken over differently now.*nftables redirect/);
    await agree(WITHOUT_SEARCH);
    await sandbox.shell("sed -i 's/^hosts:.*/hosts: files resolve [!UNAVAIL=return] dns/' /etc/nsswitch.conf");
    await said(running, /DNS is taken over differently now.*systemd-resolved, link/);
    await agree(WITHOUT_SEARCH);
  });

  // The last three leave the files of systemd-resolved as they are.
  for (const taken of [
    'revert TUN',
    'domain TUN SEARCH',
    'default-route TUN yes',
    'domain TUN SEARCH ~other.example',
  ]) {
    it(`agree again after resolvectl ${taken}, which is said`, async () => {
      await open({ resolved: true, setup: link });
      const running = await up('auto');
      const tun = (await sandbox.shell("ip -o link show type tun | grep -o 'mirrord[0-9]*' | head -1")).trim();
      const settings = (): Promise<string> =>
        sandbox.shell(`resolvectl domain ${tun}; resolvectl default-route ${tun}`);
      const before = await settings();
      const search = 'default.svc.cluster.local svc.cluster.local cluster.local';
      await sandbox.shell(`resolvectl ${taken.replace('TUN', tun).replace('SEARCH', search)}`);
      await said(running, /had changed this machine's DNS settings/);
      assert.equal(await settings(), before);
      await agree(RIGHT);
    });
  }
});
