import assert from 'node:assert/strict';
import type { AgentOptions, ClusterOptions } from '../../../src/kube/cluster.ts';
import { agentOptions, clusterOptions, targetOf } from '../../../src/config/index.ts';
import { load, loadJson, refusal } from '../support/config.ts';

describe('precedence, key by key', () => {
  it('command line > environment > file > default', async () => {
    const file = { target: { path: 'pod/file', namespace: 'file' }, kube_context: 'file' };
    const env = { MIRRORD_IMPERSONATED_TARGET: 'pod/env', MIRRORD_TARGET_NAMESPACE: 'env' };
    const { config } = await loadJson(file, { env, flags: { target: 'pod/flag' } });
    assert.deepEqual(
      [config.target, config.kube_context, config.use_proxy],
      [{ path: 'pod/flag', namespace: 'env' }, 'file', true],
    );
  });

  it('every flag has its key', async () => {
    const { config } = await load({
      env: { HOME: '/home/ann' },
      flags: {
        target: 'deployment/web',
        namespace: 'prod',
        context: 'kind',
        kubeconfig: '~/a:b',
        key: 'k',
        includeRoutes: ['10.0.0.0/8'],
        excludeRoutes: ['10.1.0.0/16'],
        overrides: {
          'feature.network.outgoing.udp': false,
          accept_invalid_certificates: true,
          'feature.network.outgoing.scope': 'all',
        },
      },
    });
    assert.deepEqual(config.target, { path: 'deployment/web', namespace: 'prod' });
    assert.deepEqual([config.kube_context, config.kubeconfig, config.key], ['kind', '/home/ann/a:b', 'k']);
    const { routes, udp, tcp, scope } = config.feature.network.outgoing;
    assert.deepEqual(
      [routes, tcp, udp, scope],
      [{ include: ['10.0.0.0/8'], exclude: ['10.1.0.0/16'] }, true, false, 'all'],
    );
    assert.equal(config.accept_invalid_certificates, true);
  });

  it('--no-outgoing leaves the filter of the file', async () => {
    const file = { feature: { network: { outgoing: { filter: { local: 'db' } } } } };
    const { config } = await loadJson(file, { flags: { overrides: { 'feature.network.outgoing': false } } });
    assert.deepEqual(config.feature.network.outgoing.filter, { local: ['db'] });
    assert.deepEqual([config.feature.network.outgoing.tcp, config.feature.network.outgoing.udp], [false, false]);
  });

  it('the environment goes over a shorthand of the file', async () => {
    const { config } = await loadJson({ feature: { network: false } }, { env: { MIRRORD_TCP_OUTGOING: 'true' } });
    assert.deepEqual(
      [config.feature.network.outgoing.tcp, config.feature.network.outgoing.udp, config.feature.network.dns.enabled],
      [true, false, false],
    );
  });

  it('the environment has words, numbers and lists', async () => {
    const { config } = await load({
      env: {
        MIRRORD_REMOTE_DNS: 'FALSE',
        MIRRORD_AGENT_TTL: '30',
        MIRRORD_OVERRIDE_ENV_VARS_INCLUDE: 'A;B_*; C ',
        MIRRORD_PROXY: '0',
        MIRRORD_AGENT_IMAGE_TAG: '24-alpine',
        MIRRORD_AGENT_NAMESPACE: '',
      },
    });
    assert.equal(config.feature.network.dns.enabled, false);
    assert.deepEqual(
      [config.agent.ttl, config.use_proxy, config.agent.image, config.agent.namespace],
      [30, false, 'docker.io/library/node:24-alpine', undefined],
    );
    assert.deepEqual(config.feature.env.include, ['A', 'B_*', 'C']);
  });

  it('the image of the file goes before its parts in the environment, and after the whole', async () => {
    const env = { MIRRORD_AGENT_IMAGE_REGISTRY: 'mirror.example/node' };
    assert.equal((await load({ env })).config.agent.image, 'mirror.example/node:24-slim');
    assert.equal(
      (await loadJson({ agent: { image: { registry: 'r.example/n', tag: 't' } } }, { env })).config.agent.image,
      'r.example/n:t',
    );
    assert.equal(
      (await loadJson({ agent: { image: 'x' } }, { env: { MIRRORD_AGENT_IMAGE: 'y' } })).config.agent.image,
      'y',
    );
  });

  it('what the file leaves open of the image comes from the environment', async () => {
    const env = { MIRRORD_AGENT_IMAGE_REGISTRY: 'mirror.example/node', MIRRORD_AGENT_IMAGE_TAG: '' };
    const image = async (given: unknown) => (await loadJson({ agent: { image: given } }, { env })).config.agent.image;
    assert.equal(await image({ tag: 't' }), 'mirror.example/node:t');
    assert.equal(await image({ registry: 'r.example/n' }), 'r.example/n:24-slim');
    assert.equal(await image('x'), 'x');
    assert.equal(await image({}), 'mirror.example/node:24-slim');
  });

  it('a value of the environment that is none names its variable', async () => {
    const error = await refusal({
      env: { MIRRORD_TCP_OUTGOING: 'maybe', MIRRORD_AGENT_TTL: '-1', MIRRORD_IMPERSONATED_TARGET: 'web' },
    });
    assert.match(
      error.message,
      /outgoing\.tcp = "maybe": it must be true or false \(environment variable MIRRORD_TCP_OUTGOING\)/,
    );
    assert.match(
      error.message,
      /agent\.ttl = "-1": it must be a whole number \(environment variable MIRRORD_AGENT_TTL\)/,
    );
    assert.match(
      error.message,
      /target\.path = "web": .*pod\/web.*\(environment variable MIRRORD_IMPERSONATED_TARGET\)/,
    );
    assert.match(
      (await refusal({ flags: { includeRoutes: ['x'] } })).message,
      /include\[0\] = "x": it is not a range.*\(command line\)/,
    );
  });
});

describe('shorter forms', () => {
  it('a switch for a group', async () => {
    const network = (
      await loadJson({ feature: { network: { outgoing: false, dns: false, incoming: false }, env: false } })
    ).config.feature;
    assert.deepEqual(
      [network.network.outgoing.tcp, network.network.outgoing.udp, network.network.dns.enabled, network.env.exclude],
      [false, false, false, ['*']],
    );
    const on = (await loadJson({ feature: { network: true, env: true } })).config.feature;
    assert.deepEqual([on.network.outgoing.tcp, on.network.dns.enabled, on.env.exclude], [true, true, undefined]);
  });

  it('one value for a list, and `;` in those of feature.env', async () => {
    const { feature } = (
      await loadJson({
        feature: {
          network: {
            outgoing: { filter: { local: 'db' }, routes: { include: '10.0.0.0/8' } },
            dns: { hosts: { db: '127.0.0.1' } },
          },
          env: { exclude: 'A;B', unset: ['C'] },
        },
      })
    ).config;
    assert.deepEqual(feature.network.outgoing.filter, { local: ['db'] });
    assert.deepEqual(feature.network.outgoing.routes.include, ['10.0.0.0/8']);
    assert.deepEqual(feature.network.dns.hosts, { db: ['127.0.0.1'] });
    assert.deepEqual([feature.env.exclude, feature.env.unset], [['A', 'B'], ['C']]);
  });

  it('a target as text, as path, as object', async () => {
    for (const target of [
      'deployment/web/container/app',
      { path: 'deploy/web/container/app' },
      { path: { deployment: 'web', container: 'app' } },
    ]) {
      assert.deepEqual(targetOf((await loadJson({ target })).config), {
        kind: 'deployment',
        name: 'web',
        container: 'app',
      });
    }
  });

  it('null is a key that is not there', async () => {
    assert.equal((await loadJson({ target: null, agent: { ttl: null }, connect_tcp: null })).config.agent.ttl, 1);
  });

  it('means the same in JSON, TOML and YAML', async () => {
    const json =
      '{"target": "pod/x", "feature": {"network": {"outgoing": {"filter": {"local": ["a", ":53"]}, "udp": false}}}, "agent": {"labels": {"a.b/c": "d"}}}';
    const toml =
      'target = "pod/x"\n[feature.network.outgoing]\nudp = false\n[feature.network.outgoing.filter]\nlocal = ["a", ":53"]\n[agent.labels]\n"a.b/c" = "d"\n';
    const yaml =
      'target: pod/x\nfeature:\n  network:\n    outgoing:\n      udp: false\n      filter:\n        local:\n          - a\n          - ":53"\nagent:\n  labels:\n    a.b/c: d\n';
    const results = await Promise.all(
      Object.entries({ json, toml, yaml }).map(async ([extension, text]) => {
        const name = `c.${extension}`;
        return (await load({ files: { [name]: text }, flags: { configFile: name, key: 'k' } })).config;
      }),
    );
    assert.deepEqual(results[1], results[0]);
    assert.deepEqual(results[2], results[0]);
  });
});

describe('the configuration for the other parts', () => {
  it('keeps a null that takes a field of the security context away', async () => {
    const { config } = await loadJson({ agent: { ttl: null, security_context: { runAsUser: null } } });
    assert.deepEqual(agentOptions(config).securityContext, { runAsUser: null });
  });

  it("has Kubernetes' own words where mirrord has others", async () => {
    const security_context = {
      seccomp_profile: { type: 'Localhost', localhost_profile: 'a.json' },
      app_armor_profile: { type: 'Unconfined' },
    };
    const { config } = await loadJson({ agent: { security_context } });
    assert.deepEqual(agentOptions(config).securityContext, {
      seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' },
      appArmorProfile: { type: 'Unconfined' },
    });
  });

  it('is what they ask for', async () => {
    const { config } = await loadJson({
      accept_invalid_certificates: true,
      kubeconfig: 'k',
      target: { namespace: 'prod' },
      agent: {
        image_pull_secrets: [{ name: 'a' }, 'b'],
        startup_timeout: 5,
        resources: { limits: { cpu: 1, memory: '64Mi' } },
      },
    });
    const agent: AgentOptions = agentOptions(config);
    assert.deepEqual(
      [agent.imagePullSecrets, agent.startupTimeoutMs, agent.ttlSeconds, agent.tolerations],
      [['a', 'b'], 5000, 1, [{ operator: 'Exists' }]],
    );
    const cluster: ClusterOptions = clusterOptions(config, '/here');
    assert.deepEqual(cluster, {
      cwd: '/here',
      useProxy: true,
      kubeconfig: 'k',
      namespace: 'prod',
      acceptInvalidCertificates: true,
    });
  });
});
