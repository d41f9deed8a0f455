import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import type { Sandbox } from '../../../scripts/sandbox/index.ts';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { mirrord, poll, up } from '../support/session.ts';
import { partsOf } from './support/session-parts.ts';
import type { Parts } from './support/session-parts.ts';

type Part = keyof Parts;

const VICTIMS: readonly (readonly Part[])[] = [
  ['host'],
  ['session'],
  ['guard'],
  ['agent'],
  ['host', 'guard'],
  ['host', 'session'],
  ['session', 'agent'],
  ['host', 'session', 'guard', 'agent'],
];
/** In the middle of `up`, where less can go wrong in other ways than at its beginning and end. */
const FEW = VICTIMS.filter((victims) => victims.includes('host') || victims.includes('session')).filter(
  (victims) => victims.length !== 2 || victims.includes('guard'),
);
/** A line of `up` at which to strike; the first comes before any change of the machine. */
const STAGES = { agent: /^✔ agent /m, routes: /→ mirrord/, dns: /^✔ names /m, ready: /^Ready\./m } as const;
/** What is left, if anything, is taken back by the survivors in this time. */
const SETTLE_MS = 4_000;
const LINE_MS = 15_000;

describe('mirrord up whose processes are killed', function () {
  this.timeout(120_000);

  for (const stage of [...(Object.keys(STAGES) as (keyof typeof STAGES)[]), 'down'] as const) {
    it(`leaves the machine as it was, or puts it back with the next command (${stage})`, async () => {
      const sandbox = await createSandbox();
      try {
        const before = await machineState(sandbox.developer);
        const all = ['ready', 'down'].includes(stage) ? VICTIMS : FEW;
        for (const victims of all) await strike(sandbox, stage, victims, before);
      } finally {
        await sandbox.close();
      }
    });
  }
});

async function strike(
  sandbox: Sandbox,
  stage: keyof typeof STAGES | 'down',
  victims: readonly Part[],
  before: string,
): Promise<void> {
  const what = `${victims.join(' and ')} killed at ${stage}`;
  const dns = victims.length % 2 === 0 ? 'resolv.conf' : 'nftables';
  const hit = (): void => {
    const parts = partsOf(sandbox);
    for (const victim of victims) {
      const pid = parts[victim];
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    }
  };
  let struck = false;
  const session = up(sandbox, {
    args: ['--dns', dns],
    onOutput() {
      if (stage === 'down' || struck || !STAGES[stage].test(session.output)) return;
      struck = true;
      hit();
    },
  });
  if (stage === 'down') {
    await session.ready();
    session.child.kill('SIGTERM');
    // In the middle of its way back, a different moment for each.
    await delay(victims.length * 7);
    hit();
  } else {
    await poll(
      () => struck,
      what,
      LINE_MS,
      () => session.output,
    );
  }
  // A session that does without the one it lost is a session still.
  const survives = !victims.includes('host') && !victims.includes('session') && stage !== 'down';
  if (survives) {
    await session.ready();
    const { code, stderr } = await mirrord(sandbox, ['down']);
    assert.equal(code, 0, `${what}: ${stderr}`);
  }
  await session.ended;
  let now = '';
  const isBack = async (): Promise<boolean> => (now = await machineState(sandbox.developer)) === before;
  // Without host and guard nobody is left to do it: the next command does.
  const needsHelp = victims.includes('host') && victims.includes('guard');
  if (needsHelp) {
    const { code, stderr } = await mirrord(sandbox, ['down'], 'sudo');
    assert.equal(code, 0, `${what}: ${stderr}`);
  }
  await poll(isBack, `${what} (${dns}): as before`, SETTLE_MS, () => `${difference(before, now)}\n${session.output}`);
}
