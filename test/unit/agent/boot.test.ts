import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { incomingProgram } from '../../../src/agent/loader.ts';
import { launcherFiles } from '../../../src/native/launcher.ts';

/** Every pod that was ever a target keeps it, bytes; with the agent for outgoing traffic a session adds at most 5 kB. */
const COMMAND_AIM = 2_500;

describe('the agent of incoming traffic in a pod', () => {
  const launchers = new Map([...launcherFiles()].map(([arch, file]) => [arch, readFileSync(file)]));
  const program = incomingProgram(Buffer.from('code'), launchers);

  it('brings its launcher along for every processor, and leaves little in a spec', () => {
    assert.deepEqual([...launchers.keys()], ['x64', 'arm64']);
    const command = JSON.stringify(program.command('k'.repeat(44), 'info'));
    assert.ok(command.length < COMMAND_AIM, `${command.length}`);
  });

  for (const node of ['v22.15.0', 'v22.20.1', 'v23.11.0', 'v24.0.0', 'v100.0.0'])
    it(`may run on ${node}`, () => assert.equal(program.refuses(node), null));

  for (const node of ['v18.20.8', 'v20.20.2', 'v22.14.0', 'v23.10.0'])
    it(`is refused in plain words on ${node}`, () =>
      assert.match(program.refuses(node) ?? '', /the image has Node .*; the agent for incoming traffic needs 22\.15/));
});
