import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { EXIT_TOO_OLD, agentProgram } from '../../../src/agent/loader.ts';

/** Runs the loader as if in an image with that Node; the bundle says that it was run. */
function load(version: string): { readonly status: number | null; readonly output: string; readonly errors: string } {
  const program = agentProgram(Buffer.from('console.log("run by", typeof require)'));
  const [, ...args] = program.command;
  const script = args.pop() ?? '';
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' });`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, pretend + script], {
    env: { ...program.env([1], 'key', 'info') },
    encoding: 'utf8',
  });
  return { status, output: stdout, errors: stderr };
}

describe("the agent's loader", () => {
  for (const version of ['20.12.0', '20.20.2', '22.1.0', '24.0.0', '100.0.0']) {
    it(`runs the bundle on Node ${version}`, () => {
      assert.deepEqual(load(version), { status: 0, output: 'run by function\n', errors: '' });
    });
  }

  for (const version of ['0.12.18', '12.22.12', '18.20.8', '20.11.1']) {
    it(`refuses Node ${version} in plain words`, () => {
      const { status, output, errors } = load(version);
      assert.equal(status, EXIT_TOO_OLD);
      assert.equal(errors, '');
      assert.deepEqual(JSON.parse(output), {
        event: 'refused',
        message: `the image has Node ${version}; the agent needs 20.12 or newer`,
      });
    });
  }
});
