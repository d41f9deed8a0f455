import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { dropNamespace, kubectl, makeNamespace } from '../../cluster/kube/support/cluster.ts';
import { statuses, useSession } from '../support/session.ts';

/** A namespace is made, its service is published and our watch tells of it: "within seconds". */
const NEW_NAMESPACE_MS = 10_000;

describe('mirrord up on Kubernetes, while it is up', () => {
  const world = useSession();

  it('status tells everything, as JSON', async () => {
    const [status, ...others] = await statuses(world.developer);
    assert.deepEqual(others, []);
    assert.ok(status);
    const { name, state, target, cluster, agent, tun, routes, dns, flows, bytes, transport, warnings } = status;
    assert.deepEqual(
      { name, state, target, warnings },
      { name: 'default', state: 'ready', target: 'targetless', warnings: [] },
    );
    assert.deepEqual(
      { ...cluster, version: '' },
      {
        context: 'mirrord-cluster',
        server: 'https://198.18.0.2:6443',
        version: '',
        namespace: world.objects.home,
      },
    );
    assert.match(cluster?.version ?? '', /^v1\.\d+/);
    assert.equal(agent?.kind, 'job');
    assert.match(agent.name, /^job\/mirrord-agent-/);
    assert.notEqual(agent.node, '');
    assert.match(agent.image, /node:24-slim$/);
    assert.equal(tun.name, 'mirrord0');
    assert.ok(routes.includes('10.96.0.0/16') && routes.includes('fd00:10:96::/112'), routes.join(' '));
    assert.ok(dns.domains.includes('cluster.local') && dns.domains.includes(world.objects.home), dns.domains.join(' '));
    assert.deepEqual(dns.search.slice(0, 2), [`${world.objects.home}.svc.cluster.local`, 'svc.cluster.local']);
    assert.equal(typeof flows.tcp, 'number');
    assert.equal(typeof bytes.up, 'number');
    assert.equal(transport.kind, 'port-forward');
    assert.equal(transport.resumes, 0);
    assert.ok((transport.rtt_ms ?? 0) > 0, String(transport.rtt_ms));
  });

  it('what up printed is one line a step', () => {
    const { output } = world.session;
    assert.match(output, /^✔ cluster {3}mirrord-cluster \(v1\.\d+\.\d+\), namespace mirrord-test-/);
    assert.match(output, /^✔ agent {5}job\/mirrord-agent-\w+ on \S+, ready in [\d.]+ s$/m);
    assert.match(output, /^✔ routes {4}.*10\.96\.0\.0\/16.* → mirrord0$/m);
    assert.match(output, /^Ready\. Every program on this machine is in the cluster\. Ctrl-C to stop\.$/m);
  });

  it('names of a namespace that was just made resolve within seconds', async () => {
    const namespace = await makeNamespace();
    try {
      kubectl(['create', 'service', 'clusterip', 'young', '--tcp=80', '-n', namespace]);
      const end = Date.now() + NEW_NAMESPACE_MS;
      for (;;) {
        const { code, stdout } = await world.developer.run('getent', ['hosts', `young.${namespace}`]);
        if (code === 0) return assert.match(stdout, /^[0-9a-f.:]+ /);
        assert.ok(Date.now() < end, 'not in time');
        await delay(100);
      }
    } finally {
      dropNamespace(namespace);
    }
  });
});
