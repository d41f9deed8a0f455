/** `main.ts [--kubernetes]`: the demo, as root. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { difference, machineState } from '../../sandbox/machine-state.ts';
import { buildStaticClient } from '../../sandbox/static-client.ts';
import type { Place } from './place.ts';
import { Stage } from './stage.ts';

/** Resolves to the number of things that were not as promised. */
async function show(place: Place, folder: string): Promise<number> {
  const { developer, mirrord, upArguments, greeting, address } = place;
  const stage = new Stage(developer);
  const binary = await buildStaticClient(folder);
  const url = 'http://payment-service:8080/';

  stage.say(place.introduction);
  const before = await machineState(developer);
  await stage.run(`curl -sS -m 2 ${url}`, /Could not resolve/);

  const started = performance.now();
  console.log(`\n$ sudo mirrord up ${upArguments}`);
  const session = await place.up((text) => process.stdout.write(text)).ready();
  console.log(`  (${((performance.now() - started) / 1000).toFixed(1)} s)`);

  stage.say('Any program now reaches services and pods by name, unchanged:');
  await stage.run(`curl -sS -m 5 ${url}`, /^payment-service at/);
  const fetch = `fetch("${url}").then(r => r.text()).then(t => console.log(t.trim()))`;
  await stage.run(`'${process.execPath}' -e '${fetch}'`, /^payment-service at/, `node -e '${fetch}'`);
  const python = `import urllib.request as u; print(u.urlopen("${url}").read().decode().strip())`;
  await stage.run(`python3 -c '${python}'`, /^payment-service at/);
  await stage.run(`nc -w 1 ${greeting} </dev/null`, /^\+READY/);
  await stage.run('getent hosts payment-service', /\S+ +payment/);

  stage.say('A static binary has no C library to hook into; it is inside all the same:');
  await stage.run(`'${binary}' ${address} 8080`, /payment-service at/, `./static-client ${address} 8080`);

  stage.say('What is not there is told as it is:');
  await stage.run('curl -sS -m 2 http://no-such-service/', /Could not resolve/);
  await stage.run(`nc -n -z -v -w 3 ${address} 81`, /refused|No route|timed out/);

  stage.say('The rest of the world stays where it was:');
  await stage.run('curl -sS -m 5 http://www.example.com/', /^the public web at/);
  await stage.run(`'${mirrord}' status`, /^default: ready/, 'mirrord status');

  await stage.run(`'${mirrord}' down`, /is down/, 'mirrord down');
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
