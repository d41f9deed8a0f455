import assert from 'node:assert/strict';
import { RIGHTS } from '../../../src/kube/rights.ts';
import type { Cluster } from '../../../src/kube/cluster.ts';
import { openCluster } from '../../support/bundled-kube.ts';
import { dropNamespace, kubectl, kubectlJson, makeNamespace, serviceAccountKubeconfig } from './support/cluster.ts';

/** Mocha limits each test; a deadline from here on would run while others do. */
const { signal } = new AbortController();

describe('preflight', function () {
  this.timeout(90_000);
  let namespace: string;
  let admin: Cluster;
  let few: Cluster;

  before(async () => {
    namespace = await makeNamespace();
    const role = ['create', 'role', 'few', '-n', namespace, '--verb=create', '--resource=jobs.batch,pods/portforward'];
    kubectl(role);
    kubectl(['create', 'rolebinding', 'few', '-n', namespace, '--role=few', `--serviceaccount=${namespace}:default`]);
    admin = await openCluster({ namespace, cwd: process.cwd() });
    const kubeconfig = serviceAccountKubeconfig(namespace, 'default');
    few = await openCluster({ kubeconfig, namespace, cwd: process.cwd() });
  });
  after(() => {
    admin?.close();
    few?.close();
    dropNamespace(namespace);
  });

  const allowed = async (cluster: Cluster): Promise<string[]> => {
    const found: string[] = [];
    for (const right of RIGHTS) {
      const { verb, resource, subresource } = right;
      if (await cluster.preflight.allowed(right, signal)) found.push([verb, resource, subresource].join(' ').trim());
    }
    return found;
  };

  it('asks for each right, down to the subresource', async () => {
    assert.equal((await allowed(admin)).length, RIGHTS.length);
    assert.deepEqual(await allowed(few), ['create jobs', 'create pods portforward']);
  });

  it('tries a port-forward where there is a pod, and says when there is none', async () => {
    assert.equal(await admin.preflight.tryPortForward(signal), null);
    const system = await openCluster({ namespace: 'kube-system', cwd: process.cwd() });
    try {
      const { items } = kubectlJson(['get', 'pods', '-n', 'kube-system']) as {
        items: { metadata: { name: string } }[];
      };
      const pod = await system.preflight.tryPortForward(signal);
      assert.ok(
        items.some(({ metadata }) => metadata.name === pod),
        String(pod),
      );
    } finally {
      system.close();
    }
    await assert.rejects(few.preflight.tryPortForward(signal), /listing pods .* is not allowed/);
  });

  it('leaves nothing behind', () => {
    const objects = kubectl(['get', 'jobs,pods', '-n', namespace, '-o', 'name']);
    assert.equal(objects, '');
  });
});
