/**
 * What the splitter costs requests that it does not pick, beside nginx's proxy_pass in the same place: requests a second,
 * CPU time for each, and latency at 1,000 a second.  One process each, loopback, h2load as the client, in turns.
 *
 *     node test/bench/splitter.ts [rounds]
 */
import { execFile, fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { startNginx } from '../socket/splitter/support/nginx.ts';
import { splitPort } from '../socket/splitter/support/ports.ts';

const REQUESTS = 40_000;
const STEADY_SECONDS = 5;
const STEADY_RATE = 1_000;
/** As /proc counts CPU time. */
const TICKS_PER_SECOND = 100;
/** What a small browser sends. */
const FIELDS = [
  'accept: */*',
  'user-agent: bench/1.0 (linux)',
  'accept-language: en',
  'cookie: a=bcdefghijklmnop; c=d',
];

interface Place {
  readonly name: string;
  readonly port: number;
  /** Its process. */
  readonly pid: number;
}

interface Version {
  readonly name: string;
  readonly h2load: readonly string[];
  readonly listen: string;
}

const VERSIONS: readonly Version[] = [
  { name: 'HTTP/1.1', h2load: ['--h1', '-c', '16'], listen: '' },
  { name: 'HTTP/2', h2load: ['-c', '8', '-m', '20'], listen: 'http2' },
];

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function load(place: Place, args: readonly string[]): Promise<string> {
  const headers = FIELDS.flatMap((field) => ['-H', field]);
  const url = `http://127.0.0.1:${place.port}/`;
  const { stdout } = await promisify(execFile)('h2load', ['-t', '1', ...args, ...headers, url]);
  return stdout;
}

async function rate(place: Place, { h2load }: Version): Promise<readonly [perSecond: number, cpuMicroseconds: number]> {
  const before = cpuSeconds(place.pid);
  const stdout = await load(place, [...h2load, '-n', String(REQUESTS)]);
  const perSecond = Number(/([\d.]+) req\/s/.exec(stdout)?.[1]);
  return [perSecond, ((cpuSeconds(place.pid) - before) * 1e6) / REQUESTS];
}

/** Milliseconds of the median and the 99th percentile. */
async function latency(place: Place, { h2load }: Version): Promise<readonly [median: number, p99: number]> {
  const file = `/tmp/splitter-bench-${process.pid}.log`;
  const steady = ['-c', '10', '--rps', String(STEADY_RATE / 10), '-D', String(STEADY_SECONDS), `--log-file=${file}`];
  await load(place, [...h2load.filter((arg) => arg === '--h1'), ...steady]);
  const times = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => Number(line.split('\t')[2]) / 1_000)
    .sort((a, b) => a - b);
  return [times[Math.floor(times.length / 2)], times[Math.floor(times.length * 0.99)]];
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function startSplitter(main: number): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(import.meta.filename, ['serve', String(main)]);
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

async function measure(version: Version, rounds: number): Promise<void> {
  const { listen } = version;
  await using original = await startNginx('location / { return 200 "hello"; }', { listen });
  await using plain = await startNginx('location / { return 200 "hello"; }');
  await using proxy = await startNginx(
    'location / { proxy_pass http://plain; proxy_http_version 1.1; proxy_set_header Connection ""; }',
    { listen, http: `upstream plain { server 127.0.0.1:${plain.port}; keepalive 64; keepalive_requests 100000000; }` },
  );
  const { child, port } = await startSplitter(original.port);
  const places: readonly Place[] = [
    { name: 'nginx', port: proxy.port, pid: proxy.workerPid },
    { name: 'splitter', port, pid: child.pid as number },
  ];
  const figures = new Map(
    places.map(({ name }) => [
      name,
      { rates: [] as number[], cpu: [] as number[], p50: [] as number[], p99: [] as number[] },
    ]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const place of places) {
      const of = figures.get(place.name);
      const [perSecond, cpu] = await rate(place, version);
      const [p50, p99] = await latency(place, version);
      of?.rates.push(perSecond);
      of?.cpu.push(cpu);
      of?.p50.push(p50);
      of?.p99.push(p99);
    }
  }
  child.kill();
  for (const [name, { rates, cpu, p50, p99 }] of figures) {
    const latencies = `${median(p50).toFixed(2)} ms p50, ${median(p99).toFixed(2)} ms p99 at ${STEADY_RATE}/s`;
    console.log(
      `${version.name}, ${name}: ${median(rates).toFixed(0)} requests/s, ${median(cpu).toFixed(1)} us of CPU each, ${latencies}`,
    );
  }
}

const [argument = '3', main] = process.argv.slice(2);
if (argument === 'serve') {
  const split = await splitPort(Number(main), Number(main));
  process.send?.(split.port);
} else for (const version of VERSIONS) await measure(version, Number(argument));
