/** `main.ts [--kubernetes]`: the demo, as root. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { difference, machineState } from '../../sandbox/machine-state.ts';
import { buildStaticClient } from '../../sandbox/static-client.ts';
import { BEFORE, acts } from './acts.ts';
import type { Place } from './place.ts';
import { Stage } from './stage.ts';

/** Resolves to the number of things that were not as promised. */
async function show(place: Place, folder: string): Promise<number> {
  const { developer, mirrord, upArguments, greeting, address } = place;
  const stage = new Stage(developer);
  const binary = await buildStaticClient(folder);

  stage.say(place.introduction);
  const before = await machineState(developer);
  await stage.run(BEFORE);

  const started = performance.now();
  console.log(`\n$ sudo mirrord up ${upArguments}`);
  const session = await place.up((text) => process.stdout.write(text)).ready();
  console.log(`  (${((performance.now() - started) / 1000).toFixed(1)} s)`);

  for (const act of acts({ node: process.execPath, mirrord, binary, greeting, address })) {
    if ('say' in act) stage.say(act.say);
    else await stage.run(act);
  }
  await session.ended;
  const after = await machineState(developer);
  console.log();
  stage.check('addresses, routes, rules, DNS and files are as before', after === before, difference(before, after));
  return stage.broken;
}

async function openPlace(kubernetes: boolean): Promise<Place> {
  if (kubernetes) return (await import('./kubernetes-place.ts')).openKubernetesPlace();
  return (await import('./sandbox-place.ts')).openSandboxPlace();
}

async function main(): Promise<void> {
  const place = await openPlace(process.argv.includes('--kubernetes'));
  const folder = mkdtempSync(join(tmpdir(), 'mirrord-demo-'));
  chmodSync(folder, 0o755);
  let broken: number;
  try {
    broken = await show(place, folder);
  } finally {
    await place.close();
    rmSync(folder, { recursive: true });
  }
  console.log(broken === 0 ? '✔ all of the demo is gone' : `${broken} things were not as promised`);
  process.exitCode = broken === 0 ? 0 : 1;
}

await main();
