import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { agentProgram } from '../../../src/agent/loader.ts';
import { agentOptions } from '../../../src/config/index.ts';
import { RESUME_LIMIT_MS } from '../../../src/connection/limits.ts';
import { loadJson } from '../support/config.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Every session sends it, compressed, bytes: 0.3 s at 1.3 Mb/s; the splitter of HTTP is more than half of it. */
const CODE_AIM = 48_000;
/** Every pod carries it for good, bytes; the whole of an agent has 2.5 kB (test/cluster/targets/footprint.test.ts). */
const COMMAND_AIM = 1_000;

describe("the agent's bundle", () => {
  let code = '';

  before(() => {
    execFileSync(process.execPath, ['scripts/build.ts', 'agent'], { cwd: root });
    code = readFileSync(`${root}dist/agent.cjs`, 'utf8');
  });

  it("requires nothing but Node's own modules", () => {
    const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name ?? '');
    assert.ok(required.includes('node:net'));
    for (const name of required) assert.ok(builtinModules.includes(name.replace(/^node:/, '')), name);
    assert.doesNotMatch(code, /\bimport\(/);
  });

  it('is small on the way, and leaves little in a spec', () => {
    const packed = gzipSync(code, { level: 9 });
    assert.ok(packed.length < CODE_AIM, `${packed.length}`);
    const command = JSON.stringify(agentProgram(Buffer.from(code)).command('k'.repeat(44), 'info'));
    assert.ok(command.length < COMMAND_AIM, `${command.length}`);
  });

  it('obeys no options that its image has for another program', () => {
    assert.equal(agentProgram(Buffer.from(code)).env['NODE_OPTIONS'], '');
  });

  it('is told how long to wait for its client: agent.communication_timeout, and never less than connections do', async () => {
    for (const [seconds, ms] of [
      [30, RESUME_LIMIT_MS],
      [600, 600_000],
    ] as const) {
      const { config } = await loadJson({ agent: { communication_timeout: seconds } });
      const { resumeLimitMs } = agentOptions(config);
      const command = agentProgram(Buffer.from(code), resumeLimitMs).command('key', 'info');
      assert.deepEqual(command.slice(-3), ['key', String(ms), 'info']);
    }
  });
});

describe('the Node of an image', () => {
  const { refuses } = agentProgram(Buffer.from(''));

  for (const version of ['v20.12.0', 'v20.20.2', 'v22.1.0', 'v24.0.0', 'v100.0.0']) {
    it(`may be ${version}`, () => assert.equal(refuses(version), null));
  }

  for (const version of ['v0.12.18', 'v12.22.12', 'v18.20.8', 'v20.11.1']) {
    it(`is refused in plain words when it is ${version}`, () => {
      assert.equal(refuses(version), `the image has Node ${version.slice(1)}; the agent needs 20.12 or newer`);
    });
  }
});
