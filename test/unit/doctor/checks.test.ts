import assert from 'node:assert/strict';
import { CLUSTER_CHECKS, DNS_CHECKS, MACHINE_CHECKS } from '../../../src/doctor/index.ts';
import { MirrordError } from '../../../src/errors.ts';
import { type Story, examine } from '../support/doctor.ts';

const NO_NET_ADMIN = 'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n';
const LINK = { code: 0, stdout: '[{}]', stderr: '' };
const FAILED = (stderr: string) => ({ code: 1, stdout: '', stderr });

interface Outcome {
  readonly title: string;
  readonly story: Story;
  readonly state: string;
  readonly detail: RegExp;
  readonly fix?: RegExp;
}

const errno = (code: string, syscall: string): NodeJS.ErrnoException =>
  Object.assign(new Error(code), { code, syscall });

const OUTCOMES: Readonly<Record<string, readonly Outcome[]>> = {
  kernel: [
    { title: 'new enough', story: {}, state: 'ok', detail: /^Linux 6\.1\.0-x$/ },
    {
      title: 'just new enough',
      story: { files: { '/proc/sys/kernel/osrelease': '4.18.0\n' } },
      state: 'ok',
      detail: /4\.18/,
    },
    {
      title: 'too old',
      story: { files: { '/proc/sys/kernel/osrelease': '4.9.1\n' } },
      state: 'failed',
      detail: /4\.9\.1/,
      fix: /4\.18/,
    },
    {
      title: 'no Linux',
      story: { files: { '/proc/sys/kernel/osrelease': undefined } },
      state: 'failed',
      detail: /this is not Linux/,
      fix: /virtual machine/,
    },
  ],
  privilege: [
    { title: 'root', story: {}, state: 'ok', detail: /root, with CAP_NET_ADMIN/ },
    {
      title: 'root of a container',
      story: { files: { '/proc/self/status': NO_NET_ADMIN } },
      state: 'failed',
      detail: /lacks CAP_NET_ADMIN/,
      fix: /--cap-add NET_ADMIN/,
    },
    { title: 'a user with sudo', story: { uid: 1000, programs: ['sudo'] }, state: 'ok', detail: /sudo is installed/ },
    { title: 'a user with doas', story: { uid: 1000, programs: ['doas'] }, state: 'ok', detail: /doas is installed/ },
    {
      title: 'a user with neither',
      story: { uid: 1000, programs: [] },
      state: 'warning',
      detail: /neither/,
      fix: /root shell/,
    },
    {
      title: 'a user whose sudo would not help',
      story: { uid: 1000, files: { '/proc/self/status': NO_NET_ADMIN } },
      state: 'failed',
      detail: /even root lacks CAP_NET_ADMIN/,
    },
  ],
  tun: [
    { title: 'opens', story: {}, state: 'ok', detail: /opens/ },
    {
      title: 'no device file, no module',
      story: { tun: errno('ENOENT', 'open'), files: { '/dev/net/tun': undefined } },
      state: 'failed',
      detail: /no TUN driver/,
      fix: /modprobe tun/,
    },
    {
      title: 'the same, asked by a user',
      story: { uid: 1000, tun: errno('ENOENT', 'open'), files: { '/dev/net/tun': undefined } },
      state: 'failed',
      detail: /no TUN driver/,
    },
    {
      title: 'a module without its file',
      story: { tun: errno('ENOENT', 'open'), files: { '/dev/net/tun': undefined, '/sys/class/misc/tun': '' } },
      state: 'failed',
      detail: /\/dev\/net\/tun is missing/,
      fix: /--device/,
    },
    {
      title: 'a file without its module',
      story: { tun: errno('ENODEV', 'open') },
      state: 'failed',
      detail: /no TUN driver/,
    },
    {
      title: 'forbidden to root',
      story: { tun: errno('EPERM', 'open') },
      state: 'failed',
      detail: /Even root may not open/,
    },
    {
      title: 'for root alone',
      story: { uid: 1000, tun: errno('EACCES', 'open') },
      state: 'ok',
      detail: /open to root only/,
    },
  ],
  tools: [
    { title: 'all there', story: {}, state: 'ok', detail: /^ip, setpriv, nft$/ },
    {
      title: 'no ip',
      story: { commands: { ip: undefined } },
      state: 'failed',
      detail: /`ip` is not installed/,
      fix: /iproute2/,
    },
    {
      title: 'an ip of busybox',
      story: { commands: { ip: FAILED('usage') } },
      state: 'failed',
      detail: /-json/,
      fix: /iproute2/,
    },
    { title: 'no setpriv', story: { commands: { ip: LINK } }, state: 'failed', detail: /`setpriv`/, fix: /util-linux/ },
    {
      title: 'nothing for DNS',
      story: { programs: ['sudo'] },
      state: 'warning',
      detail: /resolv\.conf/,
      fix: /nftables/,
    },
  ],
  'dns-mode': [
    { title: 'nftables', story: {}, state: 'ok', detail: /auto takes nftables \(systemd-resolved is not running\)/ },
    {
      title: 'resolved',
      story: {
        files: { '/proc/77/comm': 'systemd-resolve\n', '/etc/resolv.conf': 'nameserver 127.0.0.53\n' },
        commands: { resolvectl: LINK },
      },
      state: 'ok',
      detail: /auto takes resolved/,
    },
    {
      title: 'resolved that nobody is led to',
      story: { files: { '/proc/77/comm': 'systemd-resolve\n' } },
      state: 'ok',
      detail: /auto takes nftables \(.*does not point to systemd-resolved/,
    },
    {
      title: 'resolv.conf',
      story: { commands: { nft: FAILED('Operation not supported') } },
      state: 'warning',
      detail: /auto takes resolv\.conf .*Operation not supported/,
      fix: /nftables/,
    },
    { title: 'asked by a user', story: { uid: 1000 }, state: 'ok', detail: /sudo mirrord doctor/ },
  ],
  nsswitch: [
    { title: 'no file', story: { files: { '/etc/nsswitch.conf': undefined } }, state: 'ok', detail: /no hosts line/ },
    { title: 'plain', story: nss('files dns'), state: 'ok', detail: /^hosts: files dns$/ },
    {
      title: 'mdns in front of dns',
      story: nss('files mdns4_minimal [NOTFOUND=return] dns'),
      state: 'warning',
      detail: /mdns4_minimal may say "not found"/,
      fix: /put dns in front/,
    },
    {
      title: 'the same with blanks and case',
      story: nss('mdns4 [ notfound = RETURN ] dns'),
      state: 'warning',
      detail: /mdns4 may/,
    },
    { title: 'mdns that passes on', story: nss('files mdns4_minimal dns'), state: 'ok', detail: /hosts:/ },
    {
      title: 'mdns behind dns',
      story: nss('files dns mdns4_minimal [NOTFOUND=return]'),
      state: 'ok',
      detail: /hosts:/,
    },
    {
      title: 'mdns behind resolve',
      story: nss('resolve [!UNAVAIL=return] mdns4 [NOTFOUND=return] dns'),
      state: 'ok',
      detail: /hosts:/,
    },
    {
      title: 'no DNS at all',
      story: nss('files myhostname # dns'),
      state: 'warning',
      detail: /never ask DNS/,
      fix: /Add dns/,
    },
    {
      title: 'nss-resolve, but resolv.conf leads elsewhere',
      story: nss('files resolve [!UNAVAIL=return] dns', {
        '/proc/77/comm': 'systemd-resolve\n',
        '/etc/ld.so.cache': '\0libnss_resolve.so.2\0',
      }),
      state: 'warning',
      detail: /glibc programs ask systemd-resolved/,
      fix: /stub-resolv\.conf/,
    },
  ],
  configuration: [
    { title: 'none', story: {}, state: 'ok', detail: /no file, all defaults/ },
    { title: 'one', story: { configuration: { file: '/a.json' } }, state: 'ok', detail: /^\/a\.json$/ },
    {
      title: 'with warnings',
      story: { configuration: { warnings: ['x is ignored'] } },
      state: 'warning',
      detail: /x is ignored/,
    },
    {
      title: 'broken',
      story: { configuration: new MirrordError('usage', 'x', 'bad key', { help: 'mend it' }) },
      state: 'failed',
      detail: /bad key/,
      fix: /mend it/,
    },
  ],
  kubeconfig: [
    { title: 'good', story: {}, state: 'ok', detail: /context dev, namespace shop/ },
    {
      title: 'missing',
      story: { kubeconfig: new MirrordError('usage', 'x', 'no kubeconfig', { help: 'name one' }) },
      state: 'failed',
      detail: /no kubeconfig/,
      fix: /name one/,
    },
    {
      title: 'not looked at',
      story: { configuration: new Error('x') },
      state: 'skipped',
      detail: /without configuration/,
    },
  ],
  'api-server': [
    { title: 'good', story: {}, state: 'ok', detail: /^https:\/\/api:6443, v1\.34\.4$/ },
    {
      title: 'with a warning',
      story: { api: { warnings: ['not verified'] } },
      state: 'warning',
      detail: /not verified/,
    },
    {
      title: 'away',
      story: { api: new MirrordError('cluster', 'x', 'refused', { help: 'running?' }) },
      state: 'failed',
      detail: /refused/,
      fix: /running/,
    },
  ],
  'right-create-jobs': [
    { title: 'given', story: {}, state: 'ok', detail: /agent's Job/ },
    {
      title: 'denied',
      story: { denied: ['create jobs'] },
      state: 'failed',
      detail: /^no; needed for the agent/,
      fix: /docs\/rbac\.yaml/,
    },
    { title: 'not looked at', story: { api: new Error('x') }, state: 'skipped', detail: /without api-server/ },
  ],
  'right-list-nodes': [
    { title: 'denied', story: { denied: ['list nodes'] }, state: 'warning', detail: /pod ranges/, fix: /rbac/ },
  ],
  'right-patch-pods-ephemeralcontainers': [
    { title: 'denied', story: { denied: ['patch pods/ephemeralcontainers'] }, state: 'warning', detail: /targets/ },
  ],
  'agent-image': [
    { title: 'with a tag', story: {}, state: 'ok', detail: /node:24-slim/ },
    {
      title: 'with a digest',
      story: { configuration: { image: 'r:5000/a@sha256:0f' } },
      state: 'ok',
      detail: /sha256/,
    },
    {
      title: 'without a tag',
      story: { configuration: { image: 'registry:5000/node' } },
      state: 'warning',
      detail: /no tag/,
      fix: /agent\.image/,
    },
  ],
  'port-forward': [
    { title: 'works', story: {}, state: 'ok', detail: /pod web-1/ },
    { title: 'nobody to try it with', story: { forwarded: null }, state: 'skipped', detail: /no running pod/ },
    { title: 'broken', story: { forwarded: new Error('HTTP 502') }, state: 'failed', detail: /HTTP 502/ },
    {
      title: 'no right to',
      story: { denied: ['get pods/portforward'] },
      state: 'skipped',
      detail: /without right-get/,
    },
  ],
  'round-trip': [
    { title: 'quick', story: { roundTrip: 12.34 }, state: 'ok', detail: /12\.3 ms/ },
    { title: 'slow', story: { roundTrip: 900 }, state: 'warning', detail: /900\.0 ms/, fix: /diagnose latency/ },
    { title: 'no session', story: {}, state: 'skipped', detail: /'default' is not up/ },
    { title: 'no answer', story: { roundTrip: new Error('away') }, state: 'failed', detail: /away/ },
  ],
};

function nss(hosts: string, files: Record<string, string> = {}): Story {
  return { files: { '/etc/nsswitch.conf': `passwd: files\nhosts:  ${hosts}\nnetworks: files\n`, ...files } };
}

describe('doctor', () => {
  for (const [id, outcomes] of Object.entries(OUTCOMES)) {
    describe(id, () => {
      for (const { title, story, state, detail, fix } of outcomes) {
        it(title, async () => {
          const finding = (await examine(story)).get(id);
          assert(finding !== undefined);
          assert.equal(finding.state, state, finding.detail);
          assert.match(finding.detail, detail);
          if (fix !== undefined) assert.match(finding.fix, fix);
          if (state === 'ok' || state === 'skipped') assert.equal(finding.fix, '');
        });
      }
    });
  }

  it('finds nothing wrong where nothing is', async () => {
    const findings = [...(await examine({ roundTrip: 1 })).values()];
    assert.deepEqual(
      findings.filter(({ state }) => state !== 'ok'),
      [],
    );
  });

  it('has each id once, and needs only what was looked at before', () => {
    const seen = new Set<string>();
    for (const { id, needs, title } of [...MACHINE_CHECKS, ...DNS_CHECKS, ...CLUSTER_CHECKS]) {
      assert(!seen.has(id), id);
      assert.deepEqual(
        needs.filter((need) => !seen.has(need)),
        [],
        id,
      );
      assert(title.length > 0);
      seen.add(id);
    }
  });

  it('passes over everything that stands on what failed', async () => {
    const findings = await examine({ kubeconfig: new Error('x') });
    const skipped = [...findings.values()].filter(({ state }) => state === 'skipped').map(({ id }) => id);
    assert(skipped.includes('api-server') && skipped.includes('right-get-pods') && skipped.includes('port-forward'));
  });
});
