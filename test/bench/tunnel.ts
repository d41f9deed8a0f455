/**
 * What the tunnel costs: two processes, a unix socket between them.  One line a figure: bulk rates with the CPU time of
 * both processes per Gbit and Jain's index of fairness, latencies, openings, memory.  For comparison the rates of
 * node:http2 straight on the socket, and on a JavaScript Duplex over it, which is where it would have to stand.
 *
 *     node test/bench/tunnel.ts [seconds per figure] [tunnel|http2|http2-duplex]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectHttp2, performServerHandshake } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { DATA_PATH_FLAGS } from '../../src/node-flags.ts';
import { createTunnel } from '../../src/peer/client.ts';
import { createTunnelKey, readPublicKey } from '../../src/connection/key.ts';
import { agentServices } from '../../src/peer/agent-services.ts';
import { TunnelServer } from '../../src/peer/server.ts';
import type { TunnelService } from '../../src/peer/service.ts';
import type { FlowBytes } from '../../src/mux/flow.ts';
import type { Tunnel } from '../../src/peer/tunnel.ts';

const MODES = ['tunnel', 'http2', 'http2-duplex'] as const;
type Mode = (typeof MODES)[number];
const CHUNK = Buffer.alloc(64 * 1024, 7);
/** Chunks that a bulk writer keeps waiting. */
const DEPTH = 4;
const WARM_UP_MS = 500;
/** Window of an HTTP/2 stream and session, bytes: as much as the tunnel's largest. */
const HTTP2_WINDOW = 16 << 20;
const HTTP2_SETTINGS = { initialWindowSize: HTTP2_WINDOW, maxFrameSize: 65_536, enablePush: false };

/** What a bulk figure needs of any carrier. */
interface Carrier {
  /** Both report the bytes of the receiver, as they come. */
  down(received: (bytes: number) => void): () => void;
  up(): () => void;
  close(): void;
}

function pour(write: (chunk: Buffer, done: () => void) => void): () => void {
  let isRunning = true;
  const next = (): void => {
    if (isRunning) write(CHUNK, next);
  };
  for (let i = 0; i < DEPTH; i++) next();
  return () => {
    isRunning = false;
  };
}

function pourFlow(flow: FlowBytes): () => void {
  const stop = pour((chunk, done) => flow.write(chunk, done));
  flow.onReset = stop;
  return () => {
    stop();
    flow.reset();
  };
}

/* ---- the far process ---- */

/** Bytes that each open sink has received. */
const sinks = new Map<object, number>();

const service: TunnelService = {
  tcp(flow) {
    flow.accept();
    if (flow.host === 'echo') flow.onData = (chunk) => flow.write(Buffer.from(chunk), () => {});
    if (flow.host === 'source') pourFlow(flow);
    if (flow.host === 'sink') {
      sinks.set(flow, 0);
      flow.onData = (chunk) => sinks.set(flow, (sinks.get(flow) ?? 0) + chunk.length);
      flow.onReset = () => sinks.delete(flow);
    }
    flow.onEnd = () => flow.end();
  },
  udp: (flow) => flow.refuse('EACCES'),
  resolve: async (message) => message,
  probe: async () => ({ ok: true }),
  environment: () => Promise.resolve({ missing: 'unfound' }),
  info: () => ({
    version: '',
    node: process.version,
    hostname: '',
    addresses: [],
    resolvConf: '',
    hosts: '',
    serviceHost: null,
    ipv6: false,
  }),
};

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

function serveHttp2(transport: Duplex): void {
  const session = performServerHandshake(transport, { settings: HTTP2_SETTINGS });
  session.setLocalWindowSize(HTTP2_WINDOW);
  session.on('error', () => {});
  session.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/source') {
      stream.on(
        'close',
        pour((chunk, done) => stream.write(chunk, done)),
      );
      return;
    }
    sinks.set(stream, 0);
    stream.on('data', (chunk: Buffer) => sinks.set(stream, (sinks.get(stream) ?? 0) + chunk.length));
    stream.on('close', () => sinks.delete(stream));
  });
}

interface Usage {
  readonly cpu: NodeJS.CpuUsage;
  readonly rss: number;
  readonly sinks: readonly number[];
}

function serve(mode: Mode, path: string, publicKey: string): void {
  const server = new TunnelServer({ publicKey: readPublicKey(publicKey) }, agentServices(service), {
    connected() {},
    note() {},
  });
  const listener = createServer({ noDelay: true }, (socket) => {
    if (mode === 'tunnel') server.accept(socket);
    else serveHttp2(mode === 'http2' ? socket : new TrivialDuplex(socket));
  });
  listener.listen(path, () => process.send?.('ready'));
  process.on('message', () => {
    const now: Usage = { cpu: process.cpuUsage(), rss: process.memoryUsage.rss(), sinks: [...sinks.values()] };
    process.send?.(now);
  });
  process.on('disconnect', () => process.exit());
}

/* ---- the near process ---- */

async function dialSocket(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

function tunnelCarrier(tunnel: Tunnel): Carrier {
  return {
    down(received) {
      const flow = tunnel.connect('source', 1);
      flow.onData = (chunk) => received(chunk.length);
      return () => flow.reset();
    },
    up: () => pourFlow(tunnel.connect('sink', 1)),
    close: () => tunnel.close(),
  };
}

async function http2Carrier(transport: Duplex): Promise<Carrier> {
  const session = connectHttp2('http://x', { settings: HTTP2_SETTINGS, createConnection: () => transport });
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  session.setLocalWindowSize(HTTP2_WINDOW);
  return {
    down(received) {
      const stream = session.request({ ':path': '/source' });
      stream.on('error', () => {});
      stream.on('data', (chunk: Buffer) => received(chunk.length));
      return () => {};
    },
    up() {
      const stream = session.request({ ':path': '/sink', ':method': 'POST' }, { endStream: false });
      stream.on('error', () => {});
      return pour((chunk, done) => stream.write(chunk, done));
    },
    close: () => session.destroy(),
  };
}

const cpuSeconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6;

async function usage(child: ChildProcess): Promise<Usage> {
  child.send('usage');
  const [answer] = await once(child, 'message');
  return answer;
}

async function bulk(
  carrier: Carrier,
  child: ChildProcess,
  way: 'up' | 'down',
  streams: number,
  ms: number,
): Promise<string> {
  const received = Array.from({ length: streams }, () => 0);
  const stops = received.map((_, i) =>
    way === 'up'
      ? carrier.up()
      : carrier.down((bytes) => {
          received[i] = (received[i] ?? 0) + bytes;
        }),
  );
  await sleep(WARM_UP_MS);
  const before = { far: await usage(child), near: process.cpuUsage(), received: [...received] };
  const start = performance.now();
  await sleep(ms);
  const far = await usage(child);
  const seconds = (performance.now() - start) / 1000;
  const near = cpuSeconds(process.cpuUsage(before.near));
  const [from, to] = way === 'up' ? [before.far.sinks, far.sinks] : [before.received, received];
  const bytes = to.map((count, i) => count - (from[i] ?? 0));
  for (const stop of stops) stop();
  await sleep(WARM_UP_MS);
  const total = bytes.reduce((sum, count) => sum + count, 0);
  const jain = total ** 2 / (bytes.length * bytes.reduce((sum, count) => sum + count ** 2, 0));
  const gigabits = (total * 8) / 1e9;
  const cost = (near + cpuSeconds(far.cpu) - cpuSeconds(before.far.cpu)) / gigabits;
  const fairness = streams > 1 ? `, Jain ${jain.toFixed(3)}` : '';
  return `${(gigabits / seconds).toFixed(2)} Gb/s, ${cost.toFixed(3)} CPU s/Gbit${fairness}`;
}

function percentiles(samples: number[]): string {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): string => ((sorted[Math.floor(sorted.length * share)] ?? 0) * 1000).toFixed(0);
  return `p50 ${at(0.5)} us, p99 ${at(0.99)} us`;
}

/** One byte to and fro, again and again, over one flow or each time over a new one; ms each. */
async function echo(tunnel: Tunnel, ms: number, isFresh: boolean): Promise<number[]> {
  const samples: number[] = [];
  const byte = Buffer.from('x');
  const end = performance.now() + ms;
  let flow: FlowBytes | null = null;
  while (performance.now() < end) {
    const start = performance.now();
    const current: FlowBytes = flow ?? tunnel.connect('echo', 1);
    await new Promise<void>((resolve) => {
      current.onData = () => resolve();
      current.write(byte, () => {});
    });
    samples.push(performance.now() - start);
    if (isFresh) current.end();
    else flow = current;
  }
  flow?.end();
  return samples;
}

/** Flows per second that are opened, carry a byte each way and end, 64 at a time. */
async function openings(tunnel: Tunnel, ms: number): Promise<number> {
  const all = await Promise.all(Array.from({ length: 64 }, () => echo(tunnel, ms, true)));
  return (all.reduce((sum, { length }) => sum + length, 0) / ms) * 1000;
}

async function withFar(
  mode: Mode,
  use: (carrier: Carrier, child: ChildProcess, tunnel: Tunnel | null) => Promise<void>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'mirrord-bench-'));
  const path = join(folder, 'socket');
  const key = createTunnelKey();
  const child = fork(new URL(import.meta.url), ['serve', mode, path, key.publicKey]);
  try {
    await once(child, 'message');
    if (mode === 'tunnel') {
      const tunnel = await createTunnel(() => dialSocket(path), key, {}, { lost() {}, resumed() {}, dead() {} });
      await use(tunnelCarrier(tunnel), child, tunnel);
      return tunnel.close();
    }
    const socket = await dialSocket(path);
    const carrier = await http2Carrier(mode === 'http2' ? socket : new TrivialDuplex(socket));
    await use(carrier, child, null);
    carrier.close();
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

function say(mode: Mode, figure: string, value: string): void {
  console.log(`${mode.padEnd(13)} ${figure.padEnd(22)} ${value}`);
}

const BULK = [
  ['down', 1],
  ['up', 1],
  ['down', 100],
  ['up', 100],
] as const;

/**
 * Each figure has a session of its own: node:http2 can spin when streams that still have bytes to send are closed.  A
 * hundred streams up are left out: they do not come to an end.
 */
async function runHttp2(mode: Mode, ms: number): Promise<void> {
  for (const [way, streams] of BULK.slice(0, 3)) {
    await withFar(mode, async (carrier, child) => {
      say(mode, `${streams} x ${way}`, await bulk(carrier, child, way, streams, ms));
    });
  }
}

async function runTunnel(mode: Mode, ms: number): Promise<void> {
  await withFar(mode, async (carrier, child, tunnel) => {
    if (tunnel === null) return;
    for (const [way, streams] of BULK) say(mode, `${streams} x ${way}`, await bulk(carrier, child, way, streams, ms));
    const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
    say(
      mode,
      'memory',
      `near ${megabytes(process.memoryUsage.rss())} MB, far ${megabytes((await usage(child)).rss)} MB`,
    );
    say(mode, 'echo', percentiles(await echo(tunnel, ms, false)));
    say(mode, 'open + 1 byte', percentiles(await echo(tunnel, ms, true)));
    say(mode, 'openings', `${(await openings(tunnel, ms)).toFixed(0)} a second`);
    for (const way of ['down', 'up'] as const) {
      const stop = way === 'up' ? carrier.up() : carrier.down(() => {});
      await sleep(WARM_UP_MS);
      say(mode, `echo beside bulk ${way}`, percentiles(await echo(tunnel, ms, false)));
      stop();
      await sleep(WARM_UP_MS);
    }
  });
}

const [, , first, second, third, fourth] = process.argv;
const modeOf = (text: string | undefined): Mode => MODES.find((known) => known === text) ?? 'tunnel';
if (first === 'serve') {
  serve(modeOf(second), third ?? '', fourth ?? '');
} else if (first === 'run') {
  const mode = modeOf(second);
  await (mode === 'tunnel' ? runTunnel(mode, Number(third)) : runHttp2(mode, Number(third)));
  process.exit();
} else {
  const ms = String(Number(first ?? 3) * 1000);
  for (const mode of MODES) {
    if (second !== undefined && second !== mode) continue;
    // With the flags of the session and the agent; the far process inherits them.
    await once(fork(new URL(import.meta.url), ['run', mode, ms], { execArgv: [...DATA_PATH_FLAGS] }), 'exit');
  }
}
