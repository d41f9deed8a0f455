import assert from 'node:assert/strict';
import { resolveDeclaredEnvironment } from '../../../src/environment/index.ts';
import type { DeclaringPod, EnvironmentReaders, LinkedService } from '../../../src/environment/index.ts';

type Container = NonNullable<DeclaringPod['spec']>['containers'][number];

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const CONFIG_MAPS: Record<string, Record<string, string>> = { settings: { LEVEL: 'debug', 'log.format': 'json' } };
const SECRETS: Record<string, Record<string, string>> = {
  login: { user: base64('ann'), password: base64('s3cret$(X)') },
};

const READERS: EnvironmentReaders = {
  configMap: async (name) => (CONFIG_MAPS[name] === undefined ? null : { data: CONFIG_MAPS[name] }),
  secret: async (name) => (SECRETS[name] === undefined ? null : { data: SECRETS[name] }),
  services: async () => [],
  nodeAllocatable: async () => ({ cpu: '3920m', memory: '16Gi' }),
};

function podWith(container: Omit<Container, 'name'>, links = false): DeclaringPod {
  return {
    metadata: {
      name: 'payments-0',
      namespace: 'prod',
      uid: 'u-1',
      labels: { app: 'payments', 'example.com/tier': 'back' },
      annotations: { note: 'say "hi"\n' },
    },
    spec: {
      containers: [
        { name: 'app', ...container },
        { name: 'side', resources: { requests: { cpu: '250m' } } },
      ],
      nodeName: 'node1',
      serviceAccountName: 'payer',
      enableServiceLinks: links,
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.9',
      podIPs: [{ ip: '10.0.0.9' }, { ip: 'fd00::9' }],
      hostIP: '192.0.2.1',
    },
  };
}

async function resolve(
  container: Omit<Container, 'name'>,
  readers: Partial<EnvironmentReaders> = {},
  links = false,
): Promise<{ variables: Record<string, string>; warnings: readonly string[] }> {
  const { variables, warnings } = await resolveDeclaredEnvironment(podWith(container, links), 'app', {
    ...READERS,
    ...readers,
  });
  return { variables: Object.fromEntries(variables), warnings };
}

const forbidden = async (): Promise<never> => {
  throw new Error('secrets "login" is forbidden');
};

describe('environment: declared by a pod', () => {
  it('expands references to what was declared before', async () => {
    const env = [
      { name: 'HOST', value: 'db' },
      { name: 'URL', value: 'http://$(HOST):$(PORT)/$$(HOST)/$HOST/$' },
      { name: 'PORT', value: '1' },
      { name: 'TWICE', value: '$(URL)' },
      { name: 'OPEN', value: '$(HOST $( $$$(HOST) $()' },
    ];
    assert.deepEqual((await resolve({ env })).variables, {
      HOST: 'db',
      URL: 'http://db:$(PORT)/$(HOST)/$HOST/$',
      PORT: '1',
      TWICE: 'http://db:$(PORT)/$(HOST)/$HOST/$',
      OPEN: '$(HOST $( $$$(HOST) $()',
    });
  });

  it('takes envFrom in order, then env above it', async () => {
    const { variables, warnings } = await resolve({
      envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'DB_', secretRef: { name: 'login' } }],
      env: [{ name: 'LEVEL', value: 'info ($(LEVEL), $(DB_user))' }],
    });
    assert.deepEqual(variables, {
      LEVEL: 'info (debug, ann)',
      'log.format': 'json',
      DB_user: 'ann',
      DB_password: 's3cret$(X)',
    });
    assert.deepEqual(warnings, []);
  });

  it('takes single keys', async () => {
    const { variables } = await resolve({
      env: [
        { name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'LEVEL' } } },
        { name: 'B', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
        { name: 'C', value: '<$(B)>' },
      ],
    });
    assert.deepEqual(variables, { A: 'debug', B: 's3cret$(X)', C: '<s3cret$(X)>' });
  });

  it('says nothing of optional sources that are not there, and names the others', async () => {
    const { variables, warnings } = await resolve({
      envFrom: [{ configMapRef: { name: 'none', optional: true } }, { secretRef: { name: 'gone' } }],
      env: [
        { name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'nope', optional: true } } },
        { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings', key: 'nope' } } },
        { name: 'C', valueFrom: { secretKeyRef: { name: 'none', key: 'k', optional: true } } },
        { name: 'D', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } },
        { name: 'E', value: 'kept' },
      ],
    });
    assert.deepEqual(variables, { E: 'kept' });
    assert.deepEqual(warnings, [
      'there is no Secret gone; its variables are missing',
      'B: ConfigMap settings has no key nope',
      'D: there is no Secret none',
    ]);
  });

  it('goes on without a Secret that may not be read, and without what refers to it', async () => {
    const { variables, warnings } = await resolve(
      {
        envFrom: [{ secretRef: { name: 'login', optional: true } }],
        env: [
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password', optional: true } } },
          { name: 'URL', value: 'pg://$(PASSWORD)@db' },
          { name: 'SAFE', value: '$$(PASSWORD)' },
        ],
      },
      { secret: forbidden },
    );
    assert.deepEqual(variables, { SAFE: '$(PASSWORD)' });
    assert.deepEqual(warnings, [
      'Secret login could not be read: secrets "login" is forbidden; its variables are missing',
      'PASSWORD: Secret login could not be read: secrets "login" is forbidden',
      'URL: refers to PASSWORD, whose value is not known',
    ]);
  });

  it('does not take a reference into a source that may not be read for text', async () => {
    const container = {
      envFrom: [{ prefix: 'DB_', secretRef: { name: 'login' } }],
      env: [
        { name: 'URL', value: 'pg://$(DB_user)@db' },
        { name: 'PLAIN', value: 'x' },
        { name: 'COPY', value: '$(PLAIN)' },
      ],
    };
    assert.equal((await resolve(container)).variables['URL'], 'pg://ann@db');
    const { variables, warnings } = await resolve(container, { secret: forbidden });
    assert.deepEqual(variables, { PLAIN: 'x', COPY: 'x' });
    assert.equal(warnings[1], 'URL: refers to DB_user, whose value is not known');
  });

  it('asks for each object once, and for all at the same time', async () => {
    const asked: string[] = [];
    const gate = Promise.withResolvers<void>();
    const env = [
      { name: 'A', valueFrom: { secretKeyRef: { name: 'one', key: 'k', optional: true } } },
      { name: 'B', valueFrom: { secretKeyRef: { name: 'one', key: 'l', optional: true } } },
      { name: 'C', valueFrom: { secretKeyRef: { name: 'two', key: 'k', optional: true } } },
    ];
    await resolve(
      { env },
      {
        secret: async (name) => {
          asked.push(name);
          if (asked.length === 2) gate.resolve();
          await gate.promise;
          return null;
        },
      },
    );
    assert.deepEqual(asked, ['one', 'two']);
  });

  describe('fieldRef', () => {
    const fields: readonly [string, string][] = [
      ['metadata.name', 'payments-0'],
      ['metadata.namespace', 'prod'],
      ['metadata.uid', 'u-1'],
      ["metadata.labels['example.com/tier']", 'back'],
      ["metadata.labels['none']", ''],
      ["metadata.labels['constructor']", ''],
      ["metadata.annotations['note']", 'say "hi"\n'],
      ['metadata.labels', 'app="payments"\nexample.com/tier="back"'],
      ['spec.nodeName', 'node1'],
      ['spec.serviceAccountName', 'payer'],
      ['status.phase', 'Running'],
      ['status.podIP', '10.0.0.9'],
      ['status.podIPs', '10.0.0.9,fd00::9'],
      ['status.hostIP', '192.0.2.1'],
      ['status.hostIPs', '192.0.2.1'],
    ];
    for (const [fieldPath, value] of fields) {
      it(fieldPath, async () => {
        const { variables, warnings } = await resolve({ env: [{ name: 'V', valueFrom: { fieldRef: { fieldPath } } }] });
        assert.deepEqual([variables['V'], warnings], [value, []]);
      });
    }
  });

  describe('resourceFieldRef', () => {
    const resources = {
      limits: { cpu: '1500m', memory: '1.5Gi', 'hugepages-2Mi': '4Mi' },
      requests: { memory: '100M' },
    };
    const cases: readonly [string, string | undefined, string][] = [
      ['limits.cpu', undefined, '2'],
      ['limits.cpu', '0', '2'],
      ['limits.cpu', '1m', '1500'],
      ['limits.memory', undefined, '1610612736'],
      ['limits.memory', '1Mi', '1536'],
      ['limits.memory', '1Gi', '2'],
      ['requests.memory', '1M', '100'],
      ['requests.memory', '1Ki', '97657'],
      ['requests.cpu', '1m', '0'],
      ['limits.hugepages-2Mi', '1Mi', '4'],
    ];
    for (const [resource, divisor, value] of cases) {
      it(`${resource} / ${divisor ?? 'nothing'}`, async () => {
        const env = [{ name: 'V', valueFrom: { resourceFieldRef: { resource, divisor } } }];
        assert.deepEqual(await resolve({ env, resources }), { variables: { V: value }, warnings: [] });
      });
    }

    it('takes another container’s', async () => {
      const resourceFieldRef = { resource: 'requests.cpu', divisor: '1m', containerName: 'side' };
      assert.equal((await resolve({ env: [{ name: 'V', valueFrom: { resourceFieldRef } }] })).variables['V'], '250');
    });

    it('takes the node’s where there is no limit, and says when the node may not be read', async () => {
      const env = [
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Gi' } } },
      ];
      assert.deepEqual((await resolve({ env })).variables, { CPU: '4', MEMORY: '16' });
      const { variables, warnings } = await resolve({ env }, { nodeAllocatable: forbidden });
      assert.deepEqual(variables, {});
      assert.equal(warnings.length, 2);
      assert.match(warnings[0] ?? '', /^CPU: is the node's limits.cpu: the node could not be read/);
    });
  });

  describe('services', () => {
    const services: LinkedService[] = [
      {
        metadata: { name: 'kubernetes', namespace: 'default' },
        spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] },
      },
      {
        metadata: { name: 'my-db', namespace: 'prod' },
        spec: {
          clusterIP: 'fd00::5',
          ports: [
            { name: 'sql', port: 5432, protocol: 'TCP' },
            { name: 'dns-x', port: 53, protocol: 'UDP' },
          ],
        },
      },
      { metadata: { name: 'headless', namespace: 'prod' }, spec: { clusterIP: 'None', ports: [{ port: 1 }] } },
    ];

    it('tells of the namespace’s and of the API server', async () => {
      const { variables } = await resolve(
        { env: [{ name: 'U', value: '$(MY_DB_SERVICE_HOST)' }] },
        { services: async () => services },
        true,
      );
      assert.deepEqual(variables, {
        KUBERNETES_SERVICE_HOST: '10.96.0.1',
        KUBERNETES_SERVICE_PORT: '443',
        KUBERNETES_SERVICE_PORT_HTTPS: '443',
        KUBERNETES_PORT: 'tcp://10.96.0.1:443',
        KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.1:443',
        KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
        KUBERNETES_PORT_443_TCP_PORT: '443',
        KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
        MY_DB_SERVICE_HOST: 'fd00::5',
        MY_DB_SERVICE_PORT: '5432',
        MY_DB_SERVICE_PORT_SQL: '5432',
        MY_DB_SERVICE_PORT_DNS_X: '53',
        MY_DB_PORT: 'tcp://[fd00::5]:5432',
        MY_DB_PORT_5432_TCP: 'tcp://[fd00::5]:5432',
        MY_DB_PORT_5432_TCP_PROTO: 'tcp',
        MY_DB_PORT_5432_TCP_PORT: '5432',
        MY_DB_PORT_5432_TCP_ADDR: 'fd00::5',
        MY_DB_PORT_53_UDP: 'udp://[fd00::5]:53',
        MY_DB_PORT_53_UDP_PROTO: 'udp',
        MY_DB_PORT_53_UDP_PORT: '53',
        MY_DB_PORT_53_UDP_ADDR: 'fd00::5',
        U: 'fd00::5',
      });
    });

    it('tells of the API server alone when links are off, and puts env above it', async () => {
      const env = [{ name: 'KUBERNETES_SERVICE_HOST', value: 'mine' }];
      const { variables } = await resolve({ env }, { services: async () => services });
      assert.equal(variables['KUBERNETES_SERVICE_HOST'], 'mine');
      assert.equal(variables['MY_DB_SERVICE_HOST'], undefined);
    });

    it('does without when they may not be listed', async () => {
      const { variables, warnings } = await resolve(
        { env: [{ name: 'A', value: '1' }] },
        { services: forbidden },
        true,
      );
      assert.deepEqual(variables, { A: '1' });
      assert.match(warnings.join(), /services could not be read/);
    });
  });

  it('says what it does not know', async () => {
    const { variables, warnings } = await resolve({
      env: [
        { name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.secretSauce' } } },
        { name: 'B', valueFrom: { resourceFieldRef: { resource: 'limits.gold' } } },
        { name: 'C', valueFrom: {} },
        { name: 'D', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', containerName: 'none' } } },
      ],
    });
    assert.deepEqual(variables, {});
    assert.deepEqual(
      warnings.map((each) => each.slice(0, 2)),
      ['A:', 'B:', 'C:', 'D:'],
    );
    const other = await resolveDeclaredEnvironment(podWith({}), 'nobody', READERS);
    assert.deepEqual(other.warnings, ['the pod has no container nobody']);
  });
});
