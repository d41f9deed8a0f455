import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { kubectl, leftovers } from '../kube/support/cluster.ts';
import { HOME } from '../support/developer.ts';
import { statuses, useDeveloper, writeUserKubeconfig } from '../support/session.ts';

const ROLES = parseAllDocuments(readFileSync('docs/rbac.yaml', 'utf8')).map(
  (document) => document.toJS() as { metadata: { name: string } },
);

const jobsIn = (namespace: string): string[] => leftovers(namespace).filter((name) => name.startsWith('job'));

describe('mirrord up on Kubernetes, with little', () => {
  const world = useDeveloper();

  it('works in a namespace that enforces the Pod Security Standard restricted', async () => {
    const { developer, objects } = world;
    const session = await developer.up(['-n', 'restricted']).ready();
    const { stdout, stderr } = await developer.run('curl', ['-sS', '-m', '10', `http://web.${objects.home}:8080/`]);
    assert.match(stdout, /^web-/, stderr);
    await session.end();
    assert.deepEqual(jobsIn('restricted'), []);
  });

  describe('a ServiceAccount with the minimal role of docs/rbac.yaml and nothing else', () => {
    let kubeconfig: string;

    before(() => {
      const { home } = world.objects;
      kubectl(['create', 'serviceaccount', 'minimal', '-n', home]);
      kubectl(
        ['create', '-n', home, '-f', '-'],
        ROLES.find((role) => role.metadata.name === 'mirrord'),
      );
      const binding = ['--role=mirrord', `--serviceaccount=${home}:minimal`];
      kubectl(['create', 'rolebinding', 'mirrord', '-n', home, ...binding]);
      const token = kubectl(['create', 'token', 'minimal', '-n', home]).trim();
      kubeconfig = writeUserKubeconfig(world.developer, `${HOME}/minimal`, { token });
    });

    it('reaches services and pods by address and by name, and names of other namespaces', async () => {
      const { developer, objects } = world;
      const jobs = jobsIn(objects.home);
      const session = await developer.up(['--kubeconfig', kubeconfig, '-n', objects.home]).ready();
      const names = [
        'web',
        `web.${objects.home}`,
        `web.${objects.home}.svc.cluster.local`,
        objects.services.web.v4,
        objects.pods.web.v4,
      ];
      for (const name of names) {
        const { stdout, stderr } = await developer.run('curl', ['-sS', '-m', '10', `http://${name}:8080/`]);
        assert.match(stdout, /^web-/, `${name}: ${stderr}`);
      }
      for (const name of [`inventory.${objects.away}`, `inventory.${objects.away}.svc`]) {
        const { stdout, stderr } = await developer.run('curl', ['-sS', '-m', '10', `http://${name}:8080/`]);
        assert.match(stdout, /^inventory-/, `${name}: ${stderr}`);
      }
      const [status] = await statuses(developer);
      assert.equal(status?.state, 'ready');
      assert.equal((await session.end()).code, 0);
      assert.deepEqual(jobsIn(objects.home), jobs);
    });
  });
});
