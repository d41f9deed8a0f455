/**
 * What the tunnel costs: two processes over a unix socket, HTTP/2 three ways: straight on the socket, on a trivial
 * JavaScript Duplex over it, and on the resumable byte stream.  One line of figures each.
 *
 *     node test/bench/tunnel.ts [seconds per figure]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { createTunnel } from '../../src/tunnel/client.ts';
import { Http2Flow } from '../../src/tunnel/flow.ts';
import { serveHttp2 } from '../../src/tunnel/http2-server.ts';
import { SESSION_OPTIONS, grantWindow, sessionSettings } from '../../src/tunnel/http2-settings.ts';
import { WINDOW_MIN } from '../../src/tunnel/limits.ts';
import { createTunnelKey, readPublicKey } from '../../src/tunnel/key.ts';
import { TunnelServer } from '../../src/tunnel/server.ts';
import type { IncomingStream, TunnelService } from '../../src/tunnel/service.ts';
import type { FlowBytes } from '../../src/tunnel/tunnel.ts';

const MODES = ['socket', 'duplex', 'tunnel'] as const;
type Mode = (typeof MODES)[number];
const CHUNK = 64 * 1024;
/** Chunks that a bulk writer keeps waiting. */
const DEPTH = 4;

/** The least that a Duplex over a socket can do. */
class TrivialDuplex extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk) => this.push(chunk));
    socket.on('close', () => this.destroy());
    socket.on('error', () => this.destroy());
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#socket.write(chunk);
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#socket.cork();
    for (const { chunk } of chunks) this.#socket.write(chunk);
    this.#socket.uncork();
    done();
  }
}

function pour(flow: FlowBytes): () => void {
  const chunk = Buffer.alloc(CHUNK, 7);
  let running = true;
  const write = (): void => {
    if (running) flow.write(chunk, write);
  };
  flow.onReset = () => {
    running = false;
  };
  for (let i = 0; i < DEPTH; i++) write();
  return () => {
    running = false;
  };
}

const service: TunnelService = {
  tcp(flow: IncomingStream) {
    flow.accept();
    if (flow.host === 'echo') flow.onData = (chunk) => flow.write(chunk, () => {});
    if (flow.host === 'source') pour(flow);
    flow.onEnd = () => flow.end();
  },
  udp: (flow) => flow.refuse('EACCES'),
  resolve: async (message) => message,
  probe: async () => ({ ok: true }),
  environment: () => null,
  info: () => ({
    version: '',
    node: process.version,
    hostname: '',
    addresses: [],
    resolvConf: '',
    serviceHost: null,
    ipv6: false,
  }),
};

function serve(mode: Mode, path: string, publicKey: string): void {
  const server =
    mode === 'tunnel'
      ? new TunnelServer({ publicKey: readPublicKey(publicKey) }, service, { connected() {}, note() {} })
      : null;
  const listener = createServer({ noDelay: true }, (socket) => {
    if (server !== null) server.accept(socket);
    else serveHttp2(mode === 'socket' ? socket : new TrivialDuplex(socket), 0, service, () => {});
  });
  listener.listen(path, () => process.send?.('ready'));
  process.on('message', () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }));
}

interface Client {
  open(host: string): FlowBytes;
  close(): void;
}

async function dialSocket(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

async function open(mode: Mode, path: string, key: ReturnType<typeof createTunnelKey>): Promise<Client> {
  if (mode === 'tunnel') {
    const silent = { lost() {}, resumed() {}, dead() {} };
    const tunnel = await createTunnel(() => dialSocket(path), key, {}, silent);
    return { open: (host) => tunnel.connect(host, 1), close: () => tunnel.close() };
  }
  const socket = await dialSocket(path);
  const session = connectHttp2('http://x', {
    ...SESSION_OPTIONS,
    settings: sessionSettings(0),
    createConnection: () => (mode === 'socket' ? socket : new TrivialDuplex(socket)),
  });
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  grantWindow(session, WINDOW_MIN);
  return {
    open: (host) =>
      new Http2Flow(session.request({ ':method': 'CONNECT', ':authority': `${host}:1` }, { endStream: false })),
    close: () => session.destroy(),
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function bulkDown(client: Client, streams: number, seconds: number): Promise<number> {
  let bytes = 0;
  const flows = Array.from({ length: streams }, () => {
    const flow = client.open('source');
    flow.onData = (chunk) => {
      bytes += chunk.length;
    };
    return flow;
  });
  await sleep(500);
  const from = bytes;
  const start = performance.now();
  await sleep(seconds * 1000);
  const rate = ((bytes - from) * 8) / (performance.now() - start) / 1e6;
  for (const flow of flows) flow.reset();
  await sleep(100);
  return rate;
}

async function bulkUp(client: Client, streams: number, seconds: number): Promise<number> {
  let bytes = 0;
  const chunk = Buffer.alloc(CHUNK, 9);
  let running = true;
  const flows = Array.from({ length: streams }, () => {
    const flow = client.open('sink');
    const write = (): void => {
      bytes += CHUNK;
      if (running) flow.write(chunk, write);
    };
    for (let i = 0; i < DEPTH; i++) flow.write(chunk, write);
    return flow;
  });
  await sleep(500);
  const from = bytes;
  const start = performance.now();
  await sleep(seconds * 1000);
  const rate = ((bytes - from) * 8) / (performance.now() - start) / 1e6;
  running = false;
  for (const flow of flows) flow.reset();
  await sleep(100);
  return rate;
}

function percentile(samples: number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

async function echo(client: Client, seconds: number, fresh: boolean): Promise<number[]> {
  const samples: number[] = [];
  const byte = Buffer.from('x');
  const end = performance.now() + seconds * 1000;
  let flow: FlowBytes | null = null;
  while (performance.now() < end) {
    const start = performance.now();
    const current: FlowBytes = flow ?? client.open('echo');
    await new Promise<void>((resolve) => {
      current.onData = () => resolve();
      current.write(byte, () => {});
    });
    samples.push((performance.now() - start) * 1000);
    if (fresh) current.end();
    else flow = current;
  }
  flow?.end();
  return samples;
}

async function usage(child: ReturnType<typeof fork>): Promise<{ cpu: NodeJS.CpuUsage; rss: number }> {
  child.send('usage');
  const [answer] = await once(child, 'message');
  return answer;
}

const seconds = (cpu: NodeJS.CpuUsage): number => (cpu.user + cpu.system) / 1e6;

async function measured(child: ReturnType<typeof fork>, bulk: () => Promise<number>, time: number): Promise<string> {
  const near = process.cpuUsage();
  const far = (await usage(child)).cpu;
  const rate = await bulk();
  const spent = seconds(process.cpuUsage(near)) + seconds((await usage(child)).cpu) - seconds(far);
  return `${rate.toFixed(2)} Gb/s (${(spent / (rate * (time + 0.5))).toFixed(3)} s/Gb)`;
}

async function run(mode: Mode, time: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mirrord-bench-'));
  const path = join(folder, 'socket');
  const key = createTunnelKey();
  const child = fork(new URL(import.meta.url), ['serve', mode, path, key.publicKey]);
  await once(child, 'message');
  const client = await open(mode, path, key);
  const line = [mode.padEnd(7)];
  line.push(`down ${await measured(child, () => bulkDown(client, 1, time), time)}`);
  line.push(`up ${await measured(child, () => bulkUp(client, 1, time), time)}`);
  line.push(`100 down ${(await bulkDown(client, 100, time)).toFixed(2)}`);
  line.push(`100 up ${(await bulkUp(client, 100, time)).toFixed(2)}`);
  const still = await echo(client, time, false);
  line.push(`echo p50 ${percentile(still, 0.5).toFixed(0)} p99 ${percentile(still, 0.99).toFixed(0)} us`);
  line.push(`open+1 p50 ${percentile(await echo(client, time, true), 0.5).toFixed(0)} us`);
  const bulk = client.open('source');
  const busy = await echo(client, time, false);
  bulk.reset();
  line.push(`echo under bulk p50 ${percentile(busy, 0.5).toFixed(0)} p99 ${percentile(busy, 0.99).toFixed(0)} us`);
  const rss = (bytes: number): string => (bytes / 1e6).toFixed(0);
  line.push(`rss ${rss(process.memoryUsage.rss())}/${rss((await usage(child)).rss)} MB`);
  console.log(line.join(', '));
  client.close();
  child.kill();
  rmSync(folder, { recursive: true });
}

if (process.argv[2] === 'serve') {
  const [, , , mode, path, publicKey] = process.argv;
  serve(MODES.find((known) => known === mode) ?? 'tunnel', path ?? '', publicKey ?? '');
} else {
  const [, , time, only] = process.argv;
  for (const mode of MODES) if (only === undefined || only === mode) await run(mode, Number(time ?? 3));
}
