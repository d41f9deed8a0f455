/** `main.ts [--kubernetes]`: the demo, as root. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSandbox } from '../../sandbox/index.ts';
import type { Sandbox } from '../../sandbox/index.ts';
import { difference, machineState } from '../../sandbox/machine-state.ts';
import { buildStaticClient } from '../../sandbox/static-client.ts';
import { Stage } from './stage.ts';
import { up } from '../../sandbox/session.ts';

async function show(sandbox: Sandbox, folder: string): Promise<number> {
  const { developer, mirrord, target } = sandbox;
  const stage = new Stage(developer);
  const binary = await buildStaticClient(folder);
  const node = process.execPath;
  const url = 'http://payment-service:8080/';

  stage.say('Two machines in network namespaces: a "cluster" and a developer machine. No wire joins them:');
  const before = await machineState(developer);
  await stage.run(`curl -sS -m 2 ${url}`, /Could not resolve/);

  const started = performance.now();
  console.log(`\n$ sudo mirrord up -t netns/${target}`);
  const session = await up(sandbox, {
    as: process.env['SUDO_UID'] === undefined ? 'root' : 'invoker',
    onOutput: (text) => process.stdout.write(text),
  }).ready();
  console.log(`  (${Math.round(performance.now() - started)} ms)`);

  stage.say('Any program now reaches services and pods by name, unchanged:');
  await stage.run(`curl -sS -m 5 ${url}`, /^payment-service at/);
  await stage.run(`curl -sS -m 5 -4 http://inventory.shop.svc/`, /^inventory at 10\.96\./);
  const fetch = `fetch("${url}").then(r => r.text()).then(t => console.log(t.trim()))`;
  await stage.run(`'${node}' -e '${fetch}'`, /^payment-service at/, `node -e '${fetch}'`);
  const python = `import urllib.request as u; print(u.urlopen("${url}").read().decode().strip())`;
  await stage.run(`python3 -c '${python}'`, /^payment-service at/);
  await stage.run(`nc -w 1 db.prod.svc 5432 </dev/null`, /^\+READY/);

  stage.say('A static binary has no C library to hook into; it is inside all the same:');
  await stage.run(`'${binary}' 10.96.10.1 8080`, /payment-service at/, './static-client 10.96.10.1 8080');

  stage.say('What is not there is told as it is:');
  await stage.run('nc -z -v payment-service 81', /refused/);
  await stage.run('curl -sS -m 2 http://no-such-service/', /Could not resolve/);

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

async function main(): Promise<void> {
  const sandbox = await createSandbox();
  const folder = mkdtempSync(join(tmpdir(), 'mirrord-demo-'));
  let broken: number;
  try {
    broken = await show(sandbox, folder);
  } finally {
    await sandbox.close();
    rmSync(folder, { recursive: true });
  }
  console.log(broken === 0 ? '✔ the sandbox is gone' : `${broken} things were not as promised`);
  process.exitCode = broken === 0 ? 0 : 1;
}

await main();
