import assert from 'node:assert/strict';
import { parseProcessEnvironment, resolveDeclaredEnvironment } from '../../../src/environment/index.ts';
import type { Cluster } from '../../../src/kube/cluster.ts';
import { openCluster } from '../../support/bundled-kube.ts';
import { dropNamespace, kubectl, makeNamespace, serviceAccountKubeconfig } from './support/cluster.ts';

/** Mocha limits each test; a deadline from here on would run while others do. */
const { signal } = new AbortController();

const fields = {
  NAME: 'metadata.name',
  NAMESPACE: 'metadata.namespace',
  UID: 'metadata.uid',
  TIER: "metadata.labels['example.com/tier']",
  NOTE: "metadata.annotations['note']",
  NODE: 'spec.nodeName',
  ACCOUNT: 'spec.serviceAccountName',
  POD_IP: 'status.podIP',
  POD_IPS: 'status.podIPs',
  HOST_IP: 'status.hostIP',
  HOST_IPS: 'status.hostIPs',
};
const resources: readonly (readonly [string, string, string])[] = [
  ['CPU', 'limits.cpu', '0'],
  ['CPU_MILLI', 'limits.cpu', '1m'],
  // No limit of its own: the node's.
  ['MEMORY', 'limits.memory', '1Mi'],
  ['STORAGE', 'limits.ephemeral-storage', '0'],
  ['REQUESTED', 'requests.memory', '1Ki'],
];

const OBJECTS: readonly object[] = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings' },
    data: { LEVEL: 'debug', 'log.format': 'json', LINES: 'a\nb\n' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login' },
    stringData: { user: 'ann', password: 's3cr$(X)et \' " ü' },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'my-db' },
    spec: {
      ports: [
        { name: 'sql', port: 5432 },
        { name: 'dns-x', port: 53, protocol: 'UDP' },
      ],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'my-six' },
    spec: { ipFamilies: ['IPv6'], ports: [{ port: 80 }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'headless' },
    spec: { clusterIP: 'None', ports: [{ port: 80 }] },
  },
];

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'app', labels: { 'example.com/tier': 'back' }, annotations: { note: 'say "hi"\n<b>ü' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'app',
        image: 'docker.io/library/busybox:1',
        imagePullPolicy: 'IfNotPresent',
        command: ['sleep', '3600'],
        resources: { limits: { cpu: '150m' }, requests: { cpu: '10m', memory: '10M' } },
        envFrom: [
          { configMapRef: { name: 'settings' } },
          { prefix: 'DB_', secretRef: { name: 'login' } },
          { configMapRef: { name: 'none', optional: true } },
        ],
        env: [
          { name: 'URL', value: 'pg://$(DB_user):$(DB_password)@$(MY_DB_SERVICE_HOST)/$$(X)/$(LATER)/$HOME/$' },
          { name: 'LATER', value: 'x' },
          { name: 'LEVEL', value: 'over $(LEVEL)' },
          { name: 'ODD', value: '$(A $( $$$(LATER) $() $ $é' },
          { name: 'EMPTY', value: '' },
          { name: 'OPTIONAL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'nope', optional: true } } },
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
          ...Object.entries(fields).map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } })),
          ...resources.map(([name, resource, divisor]) => ({
            name,
            valueFrom: { resourceFieldRef: { resource, divisor, containerName: 'app' } },
          })),
        ],
      },
    ],
  },
};

describe('a target’s environment', function () {
  this.timeout(90_000);
  let namespace: string;
  let cluster: Cluster;

  before(async () => {
    namespace = await makeNamespace();
    for (const object of [...OBJECTS, POD]) kubectl(['create', '-n', namespace, '-f', '-'], object);
    kubectl(['wait', '-n', namespace, 'pod/app', '--for=condition=Ready', '--timeout=60s']);
    cluster = await openCluster({ namespace, cwd: process.cwd() });
  });
  after(() => {
    cluster?.close();
    dropNamespace(namespace);
  });

  const declared = async (of: Cluster) => {
    const target = await of.resolveTarget({ kind: 'pod', name: 'app' }, 10_000, () => undefined, signal);
    const objects = await of.targetObjects(target, signal);
    return resolveDeclaredEnvironment(objects.pod, target.container, objects);
  };

  it('is what the kubelet made of the manifest', async () => {
    const { variables, warnings } = await declared(cluster);
    const text = kubectl(['exec', '-n', namespace, 'app', '--', 'cat', '/proc/1/environ']);
    const real = new Map(parseProcessEnvironment(text));
    // The container runtime's own, not the manifest's.
    for (const name of ['PATH', 'HOME', 'HOSTNAME']) real.delete(name);
    const inOrder = (map: ReadonlyMap<string, string>) => Object.fromEntries(map);
    assert.deepEqual(inOrder(variables), inOrder(real));
    assert.deepEqual(warnings, []);
  });

  it('goes on without what may not be read', async () => {
    const role = ['create', 'role', 'few', '-n', namespace, '--verb=get,list,watch', '--resource=pods,configmaps'];
    kubectl(role);
    kubectl(['create', 'rolebinding', 'few', '-n', namespace, '--role=few', `--serviceaccount=${namespace}:default`]);
    const kubeconfig = serviceAccountKubeconfig(namespace, 'default');
    const few = await openCluster({ kubeconfig, namespace, cwd: process.cwd() });
    try {
      const { variables, warnings } = await declared(few);
      assert.equal(variables.get('LEVEL'), 'over debug');
      assert.equal(variables.get('NAME'), 'app');
      for (const name of ['PASSWORD', 'URL', 'DB_user', 'MEMORY', 'MY_DB_SERVICE_HOST'])
        assert.equal(variables.has(name), false);
      const told = warnings.join('\n');
      assert.match(told, /^Secret login could not be read: .*forbidden/m);
      assert.match(told, /^PASSWORD: /m);
      assert.match(told, /^services could not be read/m);
      assert.doesNotMatch(told, /s3cr/);
    } finally {
      few.close();
    }
  });
});
