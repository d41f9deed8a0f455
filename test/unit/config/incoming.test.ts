import assert from 'node:assert/strict';
import { load, loadJson, refusal, verify } from '../support/config.ts';

const file = (incoming: unknown) => ({ target: 'pod/x', feature: { network: { incoming } } });

async function errors(incoming: unknown): Promise<readonly string[]> {
  const result = await verify('c.json', { files: { 'c.json': JSON.stringify(file(incoming), null, 1) } });
  return result.type === 'Fail' ? result.errors : [];
}

describe('feature.network.incoming', () => {
  for (const [incoming, mode] of [
    [true, 'mirror'],
    ['mirror', 'mirror'],
    ['steal', 'steal'],
    [{ ports: [80] }, 'mirror'],
    [{ mode: 'steal' }, 'steal'],
    [false, 'off'],
    ['off', 'off'],
    [undefined, 'off'],
  ] as const) {
    it(`${JSON.stringify(incoming)} is ${mode}`, async () => {
      const { config } = await loadJson(file(incoming));
      assert.equal(config.feature.network.incoming.mode, mode);
    });
  }

  it('takes one port for a list, and a filter that is switched off for none', async () => {
    const { config } = await loadJson(file({ mode: 'steal', ports: 80, http_filter: false }));
    assert.deepEqual(config.feature.network.incoming.ports, [80]);
    assert.deepEqual(config.feature.network.incoming.http_filter, {});
  });

  it("takes mirrord's environment variables", async () => {
    const env = {
      MIRRORD_AGENT_TCP_STEAL_TRAFFIC: 'false',
      MIRRORD_HTTP_HEADER_FILTER: 'x-user: alice',
      MIRRORD_HTTP_FILTER_PORTS: '80;8080',
    };
    const { config } = await load({ env });
    assert.equal(config.feature.network.incoming.mode, 'off');
    assert.deepEqual(config.feature.network.incoming.http_filter, {
      header_filter: 'x-user: alice',
      ports: [80, 8080],
    });
    const { message } = await refusal({ env: { MIRRORD_HTTP_FILTER_PORTS: '80,8080' } });
    assert.match(
      message,
      /http_filter\.ports = "80,8080": it must be a list of whole numbers, separated by ; \(environ/,
    );
  });

  for (const [title, incoming, expected] of [
    ['a mode that is none', 'stael', /incoming\.mode = "stael": it must be "steal", "mirror" or "off" \(c\.json:5\)/],
    [
      'a port that is none',
      { ports: [0] },
      /incoming\.ports\[0\] = 0: it must be a port: a whole number from 1 to 65535/,
    ],
    ['a port in words', { ports: ['http'] }, /incoming\.ports\[0\] = "http": it must be a port/],
    ['both lists of ports', { ports: [80], ignore_ports: [81] }, /ports and ignore_ports exclude each other/],
    [
      'a local port twice',
      {
        port_mapping: [
          [1, 2],
          [1, 3],
        ],
      },
      /port_mapping = .*: the local port 1 appears twice/,
    ],
    [
      'a regular expression that is none',
      { http_filter: { header_filter: '(' } },
      /http_filter\.header_filter = "\(": /,
    ],
    ['two conditions', { http_filter: { path_filter: 'a', method_filter: 'GET' } }, /http_filter = .*one condition/],
    ['another condition', { http_filter: { any_of: [{ heder: 'a' }] } }, /any_of\[0\].*it must be one of \{"header"\}/],
    [
      'jq',
      { http_filter: { header_filter_jq: '.a' } },
      /header_filter_jq: jq programs are not supported; write header_filter/,
    ],
    [
      'an unknown key',
      { http_filter: { heder_filter: 'a' } },
      /heder_filter: .* nearest known one is .*\.header_filter /,
    ],
  ] as const) {
    it(`error: ${title}`, async () => {
      const found = await errors(incoming);
      assert.ok(
        found.some((text) => expected.test(text)),
        found.join('\n'),
      );
    });
  }
});
