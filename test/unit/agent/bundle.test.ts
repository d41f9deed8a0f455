import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { VARIABLE_LIMIT, agentProgram } from '../../../src/agent/loader.ts';
import { agentOptions } from '../../../src/config/index.ts';
import { RESUME_LIMIT_MS } from '../../../src/tunnel/limits.ts';
import { loadJson } from '../support/config.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** What a pod spec can well carry; far below the kernel's limit. */
const AIM = 40_000;

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

  it('fits one environment variable, with room', () => {
    const program = agentProgram(Buffer.from(code));
    for (const [name, value] of Object.entries(program.env([20_000, 20_001], 'key', 'info'))) {
      assert.ok(`${name}=${value}`.length < Math.min(AIM, VARIABLE_LIMIT), name);
    }
    for (const part of program.command) assert.ok(part.length < 2_000);
  });

  it('obeys no options that its image has for another program', () => {
    assert.equal(agentProgram(Buffer.from(code)).env([20_000], 'key', 'info')['NODE_OPTIONS'], '');
  });

  it('is told how long to wait for its client: agent.communication_timeout, and never less than connections do', async () => {
    for (const [seconds, ms] of [
      [30, RESUME_LIMIT_MS],
      [600, 600_000],
    ] as const) {
      const { config } = await loadJson({ agent: { communication_timeout: seconds } });
      const { resumeLimitMs } = agentOptions(config);
      const env = agentProgram(Buffer.from(code), resumeLimitMs).env([20_000], 'key', 'info');
      assert.equal(env['MIRRORD_RESUME_MS'], String(ms));
    }
  });

  it('is refused when it has outgrown it', () => {
    assert.throws(() => agentProgram(randomBytes(120_000)), /more than one variable holds/);
  });
});
