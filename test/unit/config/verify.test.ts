import assert from 'node:assert/strict';
import { IGNORED } from '../../../src/config/ignored.ts';
import { nearestKey } from '../../../src/config/type-check.ts';
import { getAt, setAt } from '../../../src/config/tree.ts';
import { verifyConfig } from '../../../src/config/index.ts';
import { loadJson, refusal, verify, Workspace } from '../support/config.ts';

/** The errors of one JSON file. */
async function errors(value: unknown): Promise<readonly string[]> {
  const result = await verify('c.json', { files: { 'c.json': JSON.stringify(value, null, 1) } });
  return result.type === 'Fail' ? result.errors : [];
}

async function warnings(value: unknown): Promise<readonly string[]> {
  return (await loadJson(value)).warnings;
}

describe('verify-config', () => {
  it('of a good file: target, warnings, kinds of target', async () => {
    const files = {
      'c.json': '{"target": {"path": "deployment/web/container/app", "namespace": "prod"}, "telemetry": true}',
    };
    assert.deepEqual(await verify('c.json', { files }), {
      type: 'Success',
      config: { path: { deployment: 'web', container: 'app' }, namespace: 'prod' },
      warnings: ['telemetry: it is accepted, but has no effect: no usage data is ever sent (c.json:1)'],
      compatible_target_types: [
        'targetless',
        'pod',
        'deployment',
        'statefulset',
        'replicaset',
        'daemonset',
        'job',
        'service',
      ],
    });
  });

  for (const [target, path] of [
    [undefined, null],
    [
      { deployment: 'web', container: 'app' },
      { deployment: 'web', container: 'app' },
    ],
    [{ stateful_set: 'db' }, { statefulset: 'db' }],
    [{ labels: { app: 'web', tier: 'front' } }, { label: 'app=web,tier=front' }],
    [{ path: { labels: { app: 'web' }, container: 'c' } }, { label: 'app=web', container: 'c' }],
    [{ namespace: 'prod' }, null],
    ['targetless', 'targetless'],
    ['label/app=web,a.b/c=d', { label: 'app=web,a.b/c=d' }],
    ['netns/dev', { netns: 'dev' }],
    ['process/12', { process: '12' }],
  ] as const) {
    it(`of the target ${JSON.stringify(target)}`, async () => {
      const result = await verify('c.json', { files: { 'c.json': JSON.stringify({ target }) } });
      assert.ok(result.type === 'Success');
      assert.deepEqual(result.config.path, path);
    });
  }

  it('adds every default on request', async () => {
    const result = await verify('c.json', { files: { 'c.json': '{"key": "k", "agent": {"ttl": 7}}' } }, true);
    assert.ok(result.type === 'Success');
    assert.equal(result.resolved?.agent.ttl, 7);
    assert.equal(result.resolved?.agent.startup_timeout, 60);
    assert.equal(result.resolved?.feature.network.outgoing.scope, 'cluster');
  });

  it('finds an env_file below the home folder, as up does', async () => {
    const workspace = await Workspace.make({
      'my.env': 'A=1',
      'c.json': '{"feature": {"env": {"env_file": "~/my.env"}}}',
    });
    const request = { resolved: true, env: { HOME: workspace.path }, cwd: workspace.path };
    const result = await verifyConfig('c.json', request);
    assert.ok(result.type === 'Success', JSON.stringify(result));
    assert.equal(result.resolved?.feature.env.env_file, `${workspace.path}/my.env`);
    await workspace.remove();
  });

  it('takes the environment in, as up does', async () => {
    const result = await verify('c.json', { files: { 'c.json': '{}' }, env: { MIRRORD_REMOTE_DNS: 'x' } });
    assert.ok(result.type === 'Fail');
  });

  it('of an unusable file is an answer too', async () => {
    for (const [name, text] of [
      ['c.json', '{'],
      ['c.json', ''],
      ['c.ini', 'x'],
      ['c.json', '{{ x }}'],
    ] as const) {
      const result = await verify(name, { files: { [name]: text } });
      assert.ok(result.type === 'Fail' && result.errors.length === 1, name);
    }
    const missing = await verify('no.json', {});
    assert.ok(missing.type === 'Fail' && /no such file/.test(missing.errors[0]));
  });

  it('names everything that is wrong at once, in the order of the file', async () => {
    const found = await errors({
      agnt: {},
      target: 'web',
      agent: { ttl: 'x', image_pull_policy: 'Sometimes' },
      feature: {
        network: {
          outgoing: { filter: { local: ['a*b', 'tcp://x/24'] }, scope: 'most' },
          dns: { filter: { local: [3] } },
        },
        env: { include: 'A', exclude: 'B', mapping: { '(': 'x' } },
      },
    });
    assert.deepEqual(
      found.map((text) => text.split(/[ :]/, 1)[0]),
      [
        'agnt',
        'target.path',
        'agent.ttl',
        'agent.image_pull_policy',
        'feature.network.outgoing.filter.local[0]',
        'feature.network.outgoing.filter.local[1]',
        'feature.network.outgoing.scope',
        'feature.network.dns.filter.local[0]',
        'feature.env',
        'feature.env.mapping',
      ],
    );
    assert.equal(
      found[4],
      'feature.network.outgoing.filter.local[0] = "a*b": `*` must be the whole first label, as in *.example (position 2) (c.json:13)',
    );
  });

  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    [
      'an unknown key',
      { feature: { network: { outgoing: { filtr: {} } } } },
      /^feature\.network\.outgoing\.filtr: there is no such key; the nearest known one is feature\.network\.outgoing\.filter \(c\.json:5\)$/,
    ],
    [
      'an unknown key at the top that lives elsewhere',
      { outgoing: {} },
      /nearest known one is feature\.network\.outgoing /,
    ],
    [
      'an unknown key in a list',
      { agent: { tolerations: [{ kee: 'x' }] } },
      /agent\.tolerations\[0\]\.kee: there is no such key/,
    ],
    ['__proto__', JSON.parse('{"__proto__": {"x": 1}}'), /__proto__: there is no such key/],
    ['a text for a switch', { use_proxy: 'yes' }, /use_proxy = "yes": it must be true or false, not a text/],
    ['a number for a text', { kube_context: 5 }, /kube_context = 5: it must be a text, not a number/],
    ['a list for an object', { agent: [] }, /agent = \[\]: it must be an object with keys, not a list/],
    [
      'a number out of range',
      { agent: { startup_timeout: 0 } },
      /agent\.startup_timeout = 0: it must be a whole number from 1 to 86400/,
    ],
    ['half a second', { agent: { ttl: 0.5 } }, /agent\.ttl = 0\.5: it must be a whole number/],
    ['an empty text', { kubeconfig: '' }, /kubeconfig = "": it is empty/],
    ['a key with blanks', { key: 'a b' }, /key = "a b": it must not contain spaces/],
    [
      'a namespace that is none',
      { target: { namespace: 'A_b' } },
      /target\.namespace = "A_b": it is not a valid namespace name/,
    ],
    [
      'an object that names two kinds',
      { target: { path: { pod: 'a', job: 'b' } } },
      /target\.path.*: it must be a text, not an object/,
    ],
    [
      'a container beside the path',
      { target: { path: 'pod/x', container: 'c', namespace: 'n' } },
      /^target\.container: there is no such key; write \{"path":"pod\/x\/container\/c","namespace":"n"\} /,
    ],
    [
      'a namespace within the path',
      { target: { path: { deployment: 'web', namespace: 'n' } } },
      /^target\.path = .*: it must be a text, not an object with keys; write \{"path":"deployment\/web","namespace":"n"\} /,
    ],
    [
      'a namespace beside a kind',
      { target: { deployment: 'web', container: 'c', namespace: 'n' } },
      /^target\.deployment: there is no such key; write \{"path":"deployment\/web\/container\/c","namespace":"n"\} /,
    ],
    [
      'labels beside a namespace',
      { target: { labels: { app: 'web' }, namespace: 'n' } },
      /^target\.labels: there is no such key; write \{"path":"label\/app=web","namespace":"n"\} /,
    ],
    [
      'labels that are none',
      { target: { labels: {} } },
      /^target\.path = "label\/": "" is not a label of the form KEY=VALUE/,
    ],
    [
      'a namespace that is no text',
      { target: { path: 'pod/x', namespace: 5 } },
      /namespace = 5: it must be a text, not a number \(/,
    ],
    ['none', { target: 'none' }, /^target\.path = "none": write "targetless", or leave the target out/],
    ['a label that is none', { agent: { labels: { 'a b': 'x' } } }, /agent\.labels.*not a valid label name/],
    [
      'a label value that is none',
      { agent: { node_selector: { a: 'x y' } } },
      /agent\.node_selector.*not a valid label value/,
    ],
    [
      'a service account that is none',
      { agent: { service_account: 'A' } },
      /agent\.service_account = "A": it is not a valid Kubernetes name/,
    ],
    [
      'a quantity that is none',
      { agent: { resources: { limits: { cpu: 'much' } } } },
      /agent\.resources\.limits\.cpu = "much": it is not a quantity/,
    ],
    [
      'an image with a blank',
      { agent: { image: 'a b' } },
      /agent\.image = "a b": an image name must not contain spaces/,
    ],
    [
      'a pull secret without a name',
      { agent: { image_pull_secrets: [{ secret: 'x' }] } },
      /image_pull_secrets\[0\]\.name: it must be a text, not nothing/,
    ],
    [
      'an ephemeral container without a pod',
      { target: 'targetless', agent: { ephemeral: true } },
      /agent\.ephemeral = true: an ephemeral container needs a pod/,
    ],
    [
      'both lists',
      { feature: { network: { outgoing: { filter: { local: 'a', remote: 'b' } } } } },
      /outgoing\.filter = .*exclude each other/,
    ],
    [
      'an empty list',
      { feature: { network: { outgoing: { filter: { remote: [] } } } } },
      /filter\.remote = \[\]: the list is empty/,
    ],
    [
      'another word for who comes in',
      { feature: { network: { outgoing: { forwarded: 'lan' } } } },
      /outgoing\.forwarded = "lan": it must be "bridges", "off" or a list of CIDRs/,
    ],
    [
      'an interface among the ranges that come in',
      { feature: { network: { outgoing: { forwarded: ['10.0.0.0/8', 'docker0'] } } } },
      /outgoing\.forwarded\[1\] = "docker0": it is not a range/,
    ],
    [
      'an empty list of ranges that come in',
      { feature: { network: { outgoing: { forwarded: [] } } } },
      /outgoing\.forwarded = \[\]: the list is empty/,
    ],
    ['neither list', { feature: { network: { outgoing: { filter: {} } } } }, /filter = \{\}: it needs one list/],
    [
      'a host without an address',
      { feature: { network: { dns: { hosts: { db: 'nope' } } } } },
      /hosts\.db = "nope": "nope" is not an IP address/,
    ],
    [
      'a variable with =',
      { feature: { env: { unset: 'A=B' } } },
      /feature\.env\.unset = "A=B": "A=B" is not a valid variable name/,
    ],
    ['a folder for an env_file', { feature: { env: { env_file: '.' } } }, /env_file = "\.": the file cannot be read/],
    [
      'a missing env_file',
      { feature: { env: { env_file: 'no.env' } } },
      /env_file = "no\.env": the file cannot be read/,
    ],
  ];
  for (const [title, value, expected] of rows) {
    it(`error: ${title}`, async () => {
      const found = await errors(value);
      assert.ok(
        found.some((text) => expected.test(text)),
        found.join('\n'),
      );
    });
  }

  const warned: readonly (readonly [string, unknown, RegExp])[] = [
    [
      'an entry for a protocol that is off',
      { feature: { network: { outgoing: { udp: false, filter: { local: 'udp://x' } } } } },
      /local\[0\] = "udp:\/\/x": udp is off/,
    ],
    [
      'many of them, once',
      { feature: { network: { outgoing: { udp: false, filter: { local: ['udp://x', 'udp://y', 'udp://z'] } } } } },
      /and 2 more such entries/,
    ],
    [
      'DNS off with a remote name',
      { feature: { network: { dns: false, outgoing: { filter: { remote: 'x' } } } } },
      /remote\[0\] = "x": feature\.network\.dns is off/,
    ],
    [
      'one name on both sides',
      { feature: { network: { dns: { filter: { remote: 'x' } }, outgoing: { filter: { local: 'x' } } } } },
      /connections are local/,
    ],
    [
      'an image without Node',
      { agent: { image: 'ghcr.io/metalbear-co/mirrord:latest' } },
      /agent\.image.*not contain Node.*, so docker\.io\/library\/node:24-slim is used/,
    ],
    [
      'an agent that shall not live as long as connections do',
      { agent: { communication_timeout: 30 } },
      /communication_timeout = 30: connections survive a lost path for 120 s, so the agent lives at least that long/,
    ],
    ['a port for the agent', { agent: { port: 8080 } }, /agent\.port: it is accepted, but has no effect: .*API server/],
    ["the agent's DNS", { agent: { dns: { timeout: 3 } } }, /agent\.dns.*so it has no effect/],
    ['a kubeconfig that is not there', { kubeconfig: 'no:~/no' }, /kubeconfig = .*the file does not exist/],
    [
      'a name that looks like an address',
      { feature: { network: { outgoing: { filter: { local: '10.0.0.256' } } } } },
      /local\[0\] = "10\.0\.0\.256": it is not an address, so it is read as a name/,
    ],
    ['ephemeral without a target yet', { agent: { ephemeral: true } }, /agent\.ephemeral = true: .*no target is set/],
    ['agent.namespace without a target', { agent: { namespace: 'x' } }, /agent\.namespace = "x": without a target/],
    [
      'agent.namespace beside ephemeral',
      { target: 'pod/x', agent: { namespace: 'x', ephemeral: true } },
      /agent\.namespace = "x": an ephemeral container/,
    ],
  ];
  for (const [title, value, expected] of warned) {
    it(`warning: ${title}`, async () => {
      const found = await warnings(value);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0], expected);
    });
  }

  for (const [title, value] of [
    ['what is switched off', { telemetry: false, operator: false, pause: false, feature: { copy_target: false } }],
    ['empty lists and objects', { sip_binaries: [], experimental: {}, feature: { db_branches: [], split_queues: {} } }],
    ['local files', { feature: { fs: 'local' } }],
    ['local files in long', { feature: { fs: { mode: 'local', read_only: ['x'] } } }],
    ['a group that is off', { feature: { copy_target: { enabled: false, scale_down: true } } }],
    ['loopback that stays here', { feature: { network: { outgoing: { ignore_localhost: true } } } }],
    ['no incoming traffic', { feature: { network: { incoming: { mode: 'off', ports: [80] } } } }],
    [
      'an agent without privileges',
      { agent: { privileged: false, flush_connections: false, disabled_capabilities: ['NET_ADMIN'], json_log: true } },
    ],
    ["an agent's own DNS as it is", { agent: { dns: { timeout: 1, attempts: 1 } } }],
    ["an agent in the target's namespace", { target: { namespace: 'n' }, agent: { namespace: 'n' } }],
    [
      'IPv6 that is off and stays here',
      { feature: { network: { ipv6: false, outgoing: { filter: { local: '[fd00::1]' } } } } },
    ],
  ] as const) {
    it(`no warning: ${title}`, async () => assert.deepEqual(await warnings(value), []));
  }

  for (const key of [...IGNORED.keys()].filter((each) => each !== 'agent.disabled_capabilities')) {
    it(`warning: ${key} is accepted`, async () => {
      const file = {};
      setAt(file, key, { any: ['thing'] });
      assert.ok(getAt(file, key));
      // An object for incoming traffic mirrors unless it says otherwise, which has a warning of its own.
      const found = (await warnings(file)).filter((warning) => !warning.startsWith('feature.network.incoming.mode'));
      assert.equal(found.length, 1);
      assert.ok(found[0].startsWith(`${key}: it is accepted, but has no effect: `) && found[0].includes('c.json:1'));
    });
  }

  it('incoming traffic that is off needs no warning', async () => {
    for (const incoming of [false, 'off', { mode: 'off' }])
      assert.deepEqual(await warnings({ feature: { network: { incoming } } }), []);
  });

  it("editors' $schema is no key", async () =>
    assert.deepEqual(await errors({ $schema: './mirrord-schema.json' }), []));

  it('gives lines in TOML and YAML', async () => {
    const toml = await refusal({
      files: { 'c.toml': '[agent]\nttl = 1\nfoo = 2\n[feature.network]\nipv6 = 3' },
      flags: { configFile: 'c.toml' },
    });
    assert.match(toml.message, /agent\.foo: .*\(c\.toml:3\)[^]*ipv6 = 3: .*\(c\.toml:5\)/);
    const yaml = await refusal({
      files: {
        'c.yaml':
          'agent:\n  ttl: 1\n  foo: 2\nfeature:\n  network:\n    outgoing:\n      filter:\n        local:\n          - ok\n          - a*b\n',
      },
      flags: { configFile: 'c.yaml' },
    });
    assert.match(yaml.message, /agent\.foo: .*\(c\.yaml:3\)[^]*local\[1\] = "a\*b": .*\(c\.yaml:10\)/);
  });

  it("takes what mirrord's regular expressions have of their own", async () => {
    const mapping = { '(?i)^debug$': '1', '^(?P<kind>[[:alpha:]]+)_[[:digit:]]+$': '2' };
    assert.deepEqual(await errors({ feature: { env: { mapping } } }), []);
  });

  it('gives the line of a name with dots', async () => {
    const [fault] = await errors({
      feature: { network: { dns: { hosts: { 'a.example': '::1', 'b.example': 'x' } } } },
    });
    assert.match(fault, /^feature\.network\.dns\.hosts\.b\.example = "x": .* \(c\.json:7\)$/);
  });

  it('takes a date of TOML for the text that it is in YAML', async () => {
    const check = (name: string, text: string) => verify(name, { files: { [name]: text } }, true);
    for (const [text, expected] of [
      ['agent = 2020-01-01', /^agent = "2020-01-01": it must be an object/],
      ['target = 2020-01-01T00:00:00Z', /^target\.path = .* it has no kind/],
    ] as const) {
      const result = await check('c.toml', text);
      assert.ok(result.type === 'Fail');
      assert.match(result.errors[0] ?? '', expected);
    }
    for (const [name, text] of [
      ['c.toml', '[agent.labels]\nday = 2020-01-01'],
      ['c.yaml', 'agent:\n  labels:\n    day: 2020-01-01'],
    ] as const) {
      const result = await check(name, text);
      assert.ok(result.type === 'Success');
      assert.deepEqual(result.resolved?.agent.labels, { day: '2020-01-01' });
    }
  });

  it('a file that is wrong all over stays readable', async () => {
    const wrong = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, 1]));
    const error = await refusal({ files: { 'c.json': JSON.stringify(wrong) }, flags: { configFile: 'c.json' } });
    assert.equal(error.message.split('\n').length, 51);
    assert.match(error.message, /251 more keys that do not exist \(c\.json:1\)$/);
  });
});

describe('the nearest key', () => {
  for (const [parent, key, expected] of [
    ['', 'traget', 'target'],
    ['', 'Agent', 'agent'],
    ['feature', 'netwrok', 'feature.network'],
    ['feature.network', 'filter', 'feature.network.outgoing.filter'],
    ['agent', 'imagePullPolicy', 'agent.image_pull_policy'],
    ['', 'udp', 'feature.network.outgoing.udp'],
    ['', 'zzzzzzzzzz', 'target'],
    ['agent', 'foo', 'agent.ttl'],
  ] as const) {
    it(`of ${parent}.${key} is ${expected}`, () => assert.equal(nearestKey(parent, key), expected));
  }
});
