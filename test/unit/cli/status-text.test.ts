import assert from 'node:assert/strict';
import { formatBytes, formatOther, formatStatus } from '../../../src/cli/status-text.ts';
import { HERE, READER, STATUS } from '../support/status.ts';

describe('status for people', () => {
  it('is one block', () => {
    assert.equal(
      formatStatus(STATUS, READER),
      `default: ready (pid 4711, user dev)
  target     targetless
  cluster    kind-dev (v1.34.4), namespace shop
  agent      job/mirrord-agent-x7k2, node node1
  routes     10.96.0.0/16, 10.244.0.0/24 → mirrord0
  DNS        cluster.local, svc (systemd-resolved, link mirrord0; 10.255.255.2)
  others     open to this machine and its bridges docker0
  dropped    7 packets of other machines
  flows      3 TCP, 1 UDP
  bytes      999 B up, 12.3 MB down
  transport  websocket, round trip 1.3 ms, resumed 2 times
  filter     local: db.prod (feature.network.outgoing.filter.local[0])
  matched    10.96.0.0/16: 12 flows
  matched    feature.network.outgoing.filter.local[0] = "db.prod": 1 question
  warning    wg0 routes 10.96.0.0/12, too
  log        ~/.local/state/mirrord/default.log
`,
    );
  });

  it('lists what is taken over, the reverse zones aside', () => {
    const domains = ['cluster.local', 'svc', ...Array.from({ length: 70 }, (_, i) => `n${i}`), '96.10.in-addr.arpa'];
    const text = formatStatus({ ...STATUS, dns: { ...STATUS.dns, domains } }, READER);
    assert.match(
      text,
      /^ {2}DNS {8}cluster\.local, svc, n0, .*, n61 and 8 more \(systemd-resolved, link mirrord0; 10\.255\.255\.2\)$/m,
    );
  });

  it("lists what the pod's hosts file answers, and what it does not", () => {
    const row = (podHosts: string[], withheldPodHosts: string[]): string | undefined =>
      / {2}pod hosts +(.*)/.exec(
        formatStatus({ ...STATUS, dns: { ...STATUS.dns, podHosts, withheldPodHosts } }, READER),
      )?.[1];
    assert.equal(row([], []), undefined);
    assert.equal(row(['a', 'b.test'], []), 'a, b.test');
    assert.equal(row(['a'], ['www.x.com']), 'a; not www.x.com, which --domain would give it');
    assert.equal(row([], ['www.x.com']), 'not www.x.com, which --domain would give it');
  });

  it('says why it reconnects, since when, and when it tries again', () => {
    const now = Date.parse('2026-01-02T03:04:29Z');
    const said = (next_try: string | null): string => {
      const reconnecting = { reason: 'the API server does not answer', since: '2026-01-02T03:04:05Z', next_try };
      return formatStatus({ ...STATUS, state: 'reconnecting', reconnecting }, READER, now)
        .split('\n', 2)
        .join('\n');
    };
    const lost = '  connection lost 24 s ago: the API server does not answer;';
    assert.equal(said('2026-01-02T03:04:31Z'), `default: reconnecting (pid 4711, user dev)\n${lost} next try in 2.0 s`);
    assert.ok(said(null).endsWith(`${lost} trying again now`));
    assert.ok(said('2026-01-02T03:04:28Z').endsWith(`${lost} trying again now`));
  });

  it('says that a session is of another network namespace', () => {
    assert.match(
      formatStatus(STATUS, { ...READER, networkNamespace: 'net:[7]' }),
      /\n {2}network {4}another network namespace, net:\[4026531840\]\n/,
    );
  });

  it('says of the session of another user that it carries the reader’s programs, and no more', () => {
    const other = { name: 'work', pid: 12, user: 'alice', network_namespace: HERE };
    const rest = '\n  Only alice can see its details. Root can end it: sudo mirrord down --name work\n';
    assert.equal(
      formatOther({ ...other, carries_your_programs: true }),
      `work: session of alice (pid 12): all programs on this machine use it, including yours${rest}`,
    );
    assert.equal(
      formatOther({ ...other, carries_your_programs: false }),
      `work: session of alice (pid 12): all programs in network namespace ${HERE} use it${rest}`,
    );
  });

  it('leaves out what there is not, and counts what is too much', () => {
    const routes = Array.from({ length: 10 }, (_, i) => `10.${i}.0.0/16`);
    const [match] = STATUS.matches;
    assert.ok(match);
    const matches = routes.map((value) => ({ ...match, value }));
    const dns = { mode: 'off', reason: '', server: '', domains: [], search: [], podHosts: [], withheldPodHosts: [] };
    const text = formatStatus({ ...STATUS, cluster: null, agent: null, routes, dns, matches, warnings: [] }, READER);
    assert.doesNotMatch(text, /cluster {3}|agent|warning/);
    assert.match(text, /10\.7\.0\.0\/16 and 2 more → mirrord0/);
    assert.match(text, /^ {2}DNS {8}left alone$/m);
    assert.match(text, /^ {2}matched {4}10\.7\.0\.0\/16: 12 flows\n {2}matched {4}and 2 more rules$/m);
  });

  it('writes bytes in the unit that fits', () => {
    assert.deepEqual([0, 999, 1000, 1_500_000, 2e9, 3e12, 4e15].map(formatBytes), [
      '0 B',
      '999 B',
      '1.0 kB',
      '1.5 MB',
      '2.0 GB',
      '3.0 TB',
      '4000.0 TB',
    ]);
  });
});
