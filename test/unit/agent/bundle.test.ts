import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { VARIABLE_LIMIT, agentProgram } from '../../../src/agent/loader.ts';

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

  it('is refused when it has outgrown it', () => {
    assert.throws(() => agentProgram(randomBytes(120_000)), /more than one variable holds/);
  });
});
