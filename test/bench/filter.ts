/**
 * What a filter's entries cost the data path: the same transfers and connects with none and with 1,000 of them.
 *
 *     sudo node test/bench/filter.ts
 *
 * Rounds are interleaved and begin with the other one each time; what is compared is the medians' ratio.
 */
import { once } from 'node:events';
import { createSandbox, type Sandbox } from '../../scripts/sandbox/index.ts';
import { service } from '../../scripts/sandbox/addresses.ts';
import { up } from '../../scripts/sandbox/session.ts';
import { mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROUNDS = 5;
const SECONDS = 2;
const CONNECTS = 400;
const SERVER = service(5).v4;

/** A filter as people write them: names above all, then addresses, some of them with ports. */
function entries(count: number): string[] {
  return Array.from({ length: count }, (_, n) =>
    n % 10 < 7 ? `host-${n}.example` : n % 10 < 9 ? `10.244.${n >> 8}.${n & 255}` : `10.244.${n >> 8}.${n & 255}:5432`,
  );
}

/** Milliseconds per connect, one byte there and back, one after another. */
const CONNECT = `
const { connect } = require('node:net');
const once = require('node:events').once;
(async () => {
  const start = performance.now();
  for (let i = 0; i < ${CONNECTS}; i++) {
    const socket = connect({ port: 7, host: '${service(4).v4}' });
    socket.write('?');
    await once(socket, 'data');
    socket.destroy();
  }
  console.log((performance.now() - start) / ${CONNECTS});
})();`;

async function iperf(sandbox: Sandbox, ...args: string[]): Promise<number> {
  const { stdout } = await sandbox.developer.run('iperf3', ['-c', SERVER, '-t', String(SECONDS), '-J', ...args]);
  const { end, error } = JSON.parse(stdout) as {
    error?: string;
    end: { sum_received?: { bits_per_second: number } };
  };
  if (end.sum_received === undefined) throw new Error(`iperf3 ${args.join(' ')}: ${error}`);
  return end.sum_received.bits_per_second / 1e9;
}

async function measure(sandbox: Sandbox, file: string, results: Map<string, number[]>): Promise<void> {
  const session = await up(sandbox, { args: ['-f', file] }).ready();
  const keep = (key: string, value: number): void => void results.set(key, [...(results.get(key) ?? []), value]);
  try {
    keep('up, Gb/s', await iperf(sandbox));
    keep('down, Gb/s', await iperf(sandbox, '-R'));
    const { stdout } = await sandbox.developer.run(process.execPath, ['-e', CONNECT]);
    keep('connect + 1 byte, ms', Number(stdout));
  } finally {
    await session.end();
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const sandbox = await createSandbox();
const folder = mkdtempSync(join(tmpdir(), 'mirrord-bench-'));
chmodSync(folder, 0o755);
try {
  const iperfServer = sandbox.cluster.start('iperf3', ['-s', '--forceflush']);
  await once(iperfServer.stdout, 'data');
  const variants = [0, 1_000].map((count) => {
    const file = join(folder, `${count}.json`);
    const network = count === 0 ? {} : { outgoing: { filter: { local: entries(count) } } };
    writeFileSync(file, JSON.stringify({ feature: { network } }));
    return { count, file, results: new Map<string, number[]>() };
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const { file, results } of round % 2 === 0 ? variants : variants.toReversed()) {
      await measure(sandbox, file, results);
    }
  }
  console.log(
    `${'medians'.padEnd(24)}${variants.map(({ count }) => `${count} entries`.padStart(14)).join('')}   ratio`,
  );
  for (const key of variants[0]?.results.keys() ?? []) {
    const [none = 0, many = 0] = variants.map(({ results }) => median(results.get(key) ?? []));
    const spread = variants.map(({ results }) => {
      const all = results.get(key) ?? [];
      return `${Math.min(...all).toFixed(2)}-${Math.max(...all).toFixed(2)}`;
    });
    const columns = [none, many].map((value) => value.toFixed(3).padStart(14)).join('');
    console.log(`${key.padEnd(24)}${columns}${(many / none).toFixed(2).padStart(8)}   (${spread.join(', ')})`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  await sandbox.close();
}
