/** The filter with a real systemd-resolved in front: which of two name servers is asked. */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from '../../../scripts/sandbox/session.ts';
import { openResolved } from '../support/resolved.ts';
import type { Sandbox } from '../support/sandbox.ts';

const CHECKOUT = join(import.meta.dirname, '../../..');
const CLUSTER_DNS = '10.96.0.10';
const CLUSTER_ANSWER = '10.96.0.77';
const OWN_ANSWER = '192.0.2.7';
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

describe('filter behind systemd-resolved', () => {
  let sandbox: Sandbox;
  let session: Session | undefined;
  let folder = '';
  const asked = { cluster: '', far: '' };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-filter-'));
    sandbox = await openResolved(CLUSTER);
    await Promise.all([serve('far', '192.168.7.254', OWN_ANSWER), serve('cluster', CLUSTER_DNS, CLUSTER_ANSWER)]);
  });
  after(async () => {
    await down();
    await sandbox?.close();
    if (folder !== '') rmSync(folder, { recursive: true });
  });

  async function serve(
    side: 'cluster' | 'far',
    address: string,
    answer: string,
  ): Promise<ChildProcessWithoutNullStreams> {
    const program = join(CHECKOUT, 'test/netns/support/dns-server.ts');
    const child = sandbox.spawn('ip', ['netns', 'exec', side, process.execPath, program, address, '53', answer]);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (asked[side] += text));
    await once(child.stdout, 'data');
    return child;
  }

  async function down(): Promise<void> {
    if (session === undefined) return;
    const { code, stderr } = await sandbox.run(join(CHECKOUT, 'bin/mirrord'), 'down');
    assert.equal(code, 0, stderr);
    await session.ended;
    session = undefined;
  }

  async function up(network: object): Promise<void> {
    await down();
    const file = join(folder, 'mirrord.json');
    writeFileSync(file, JSON.stringify({ feature: { network } }));
    const args = ['up', '-t', 'netns/cluster', '--dns', 'resolved', '-f', file];
    session = await new Session(sandbox.spawn(join(CHECKOUT, 'bin/mirrord'), args, { SUDO_UID: '' })).ready();
  }

  /** The address that a program gets, and who was asked. */
  async function lookUp(name: string): Promise<{ address: string; cluster: boolean; far: boolean }> {
    const before = { cluster: asked.cluster.length, far: asked.far.length };
    const { stdout } = await sandbox.run('getent', 'ahostsv4', name);
    const was = (side: 'cluster' | 'far'): boolean => asked[side].slice(before[side]).includes(` ${name}\n`);
    return { address: stdout.split(/\s/)[0] ?? '', cluster: was('cluster'), far: was('far') };
  }

  it('local: those names are this machine’s, the cluster’s others the cluster’s', async () => {
    await up({ outgoing: { filter: { local: ['here.default.svc.cluster.local', '*.own.svc'] } } });
    assert.match((await sandbox.run(join(CHECKOUT, 'bin/mirrord'), 'status')).stdout, /DNS .*systemd-resolved/);
    assert.deepEqual(await lookUp('here.default.svc.cluster.local'), {
      address: OWN_ANSWER,
      cluster: false,
      far: true,
    });
    assert.deepEqual(await lookUp('db.own.svc'), { address: OWN_ANSWER, cluster: false, far: true });
    assert.deepEqual(await lookUp('web.default.svc.cluster.local'), {
      address: CLUSTER_ANSWER,
      cluster: true,
      far: false,
    });
    assert.deepEqual(await lookUp('www.public.example'), { address: OWN_ANSWER, cluster: false, far: true });
    // All of them share an address outside of the ranges, where no rule makes a difference.
    assert.doesNotMatch(session?.output ?? '', /share/);
  });

  it('remote: those names are the cluster’s, and routed; public ones stay', async () => {
    await up({ outgoing: { filter: { remote: ['rds.far.example'] } } });
    assert.deepEqual(await lookUp('rds.far.example'), { address: CLUSTER_ANSWER, cluster: true, far: false });
    assert.match((await sandbox.run('ip', 'route', 'get', CLUSTER_ANSWER)).stdout, /dev mirrord/);
    assert.deepEqual(await lookUp('other.far.example'), { address: OWN_ANSWER, cluster: false, far: true });
  });

  it('dns.hosts: the fixed answer, and nobody asked', async () => {
    await up({ dns: { hosts: { 'fixed.example': '192.0.2.99' } } });
    assert.deepEqual(await lookUp('fixed.example'), { address: '192.0.2.99', cluster: false, far: false });
  });
});
