/**
 * What the cluster holds for the tests of the whole tool, made once for all files and taken away at the end:
 *
 *     namespace `home`   deployment web, service web (both families), service empty (no pods),
 *                        statefulset db behind the headless service db, service alias (ExternalName of web)
 *     namespace `away`   deployment and service inventory
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dropNamespace, eventually, kubectl, kubectlJson, makeNamespace } from '../kube/support/cluster.ts';

export interface Addresses {
  readonly v4: string;
  readonly v6: string;
}

export interface Workloads {
  readonly home: string;
  readonly away: string;
  /** Of services by name, of pods by the name of what they belong to (`web`) or their own (`db-0`). */
  readonly services: Readonly<Record<'web' | 'empty' | 'inventory', Addresses>>;
  readonly pods: Readonly<Record<'web' | 'db-0' | 'db-1' | 'inventory', Addresses & { readonly name: string }>>;
}

const IMAGE = 'docker.io/library/node:24-slim';
const CHECKOUT = join(import.meta.dirname, '../../..');
const PROGRAM = [
  'test/cluster/support/workload-main.ts',
  'scripts/sandbox/services/protocols.ts',
  'scripts/sandbox/services/pattern.ts',
];
const START_MS = 60_000;
const PORTS = [
  { name: 'http', port: 8080 },
  { name: 'echo', port: 7 },
  { name: 'echo-udp', port: 7, protocol: 'UDP' },
  { name: 'digest', port: 9 },
  { name: 'source', port: 19 },
  { name: 'nobody', port: 81 },
];

let made: Promise<Workloads> | undefined;

/** The same for every caller in this process. */
export function workloads(): Promise<Workloads> {
  made ??= make();
  return made;
}

/** Those that were made, also when what should be in them could not be. */
const namespaces: string[] = [];

after(() => namespaces.forEach(dropNamespace));

async function make(): Promise<Workloads> {
  const home = await makeNamespace();
  namespaces.push(home);
  const away = await makeNamespace();
  namespaces.push(away);
  for (const namespace of [home, away]) kubectl(['create', '-n', namespace, '-f', '-'], program());
  kubectl(
    ['create', '-n', home, '-f', '-'],
    list(deployment('web'), service('web'), service('empty'), alias(home), ...database()),
  );
  kubectl(['create', '-n', away, '-f', '-'], list(deployment('inventory'), service('inventory')));
  await eventually('the pods are ready', () => readyPods(home) === 3 && readyPods(away) === 1, START_MS);
  return {
    home,
    away,
    services: {
      web: serviceAddresses(home, 'web'),
      empty: serviceAddresses(home, 'empty'),
      inventory: serviceAddresses(away, 'inventory'),
    },
    pods: {
      web: podAddresses(home, 'app=web'),
      'db-0': podAddresses(home, 'apps.kubernetes.io/pod-index=0'),
      'db-1': podAddresses(home, 'apps.kubernetes.io/pod-index=1'),
      inventory: podAddresses(away, 'app=inventory'),
    },
  };
}

const list = (...items: object[]) => ({ apiVersion: 'v1', kind: 'List', items });

function program(): object {
  const data = Object.fromEntries(
    PROGRAM.map((file, index) => [String(index), readFileSync(join(CHECKOUT, file), 'utf8')]),
  );
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'program' }, data };
}

function podTemplate(name: string): object {
  // At the same places as here, so that they find each other.
  const items = PROGRAM.map((path, index) => ({ key: String(index), path }));
  return {
    metadata: { labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      volumes: [{ name: 'program', configMap: { name: 'program', items } }],
      containers: [
        {
          name: 'main',
          image: IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', `/program/${PROGRAM[0]}`],
          volumeMounts: [{ name: 'program', mountPath: '/program' }],
          readinessProbe: { tcpSocket: { port: 19 }, periodSeconds: 1 },
        },
      ],
    },
  };
}

function deployment(name: string): object {
  const spec = { selector: { matchLabels: { app: name } }, template: podTemplate(name) };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec };
}

function service(name: string, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: PORTS, ipFamilyPolicy: 'PreferDualStack', ...spec },
  };
}

function database(): object[] {
  const spec = {
    serviceName: 'db',
    replicas: 2,
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: { app: 'db' } },
  };
  return [
    service('db', { clusterIP: 'None' }),
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: { ...spec, template: podTemplate('db') },
    },
  ];
}

function alias(namespace: string): object {
  const spec = { type: 'ExternalName', externalName: `web.${namespace}.svc.cluster.local` };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'alias' }, spec };
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: {
      readonly podIPs?: readonly { readonly ip: string }[];
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

function readyPods(namespace: string): number {
  const { items } = kubectlJson(['get', 'pods', '-n', namespace]) as PodList;
  return items.filter(({ status }) => status.conditions?.some((at) => at.type === 'Ready' && at.status === 'True'))
    .length;
}

function podAddresses(namespace: string, selector: string): Addresses & { name: string } {
  const { items } = kubectlJson(['get', 'pods', '-n', namespace, '-l', selector]) as PodList;
  const [pod] = items;
  assert.ok(pod, `no pod with ${selector}`);
  return { ...byFamily((pod.status.podIPs ?? []).map(({ ip }) => ip)), name: pod.metadata.name };
}

function serviceAddresses(namespace: string, name: string): Addresses {
  const { spec } = kubectlJson(['get', 'service', name, '-n', namespace]) as { spec: { clusterIPs: string[] } };
  return byFamily(spec.clusterIPs);
}

function byFamily(addresses: readonly string[]): Addresses {
  const v4 = addresses.find((address) => !address.includes(':'));
  const v6 = addresses.find((address) => address.includes(':'));
  assert.ok(v4 !== undefined && v6 !== undefined, `the cluster is not dual stack: ${addresses.join(' ')}`);
  return { v4, v6 };
}
