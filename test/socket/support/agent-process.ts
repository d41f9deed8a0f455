/** The real agent, bundled, as a process of its own; and tunnels to it. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Duplex, Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { agentProgram, type AgentProgram } from '../../../src/agent/loader.ts';
import { createTunnel } from '../../../src/peer/client.ts';
import { createTunnelKey } from '../../../src/connection/key.ts';
import type { Dial } from '../../../src/connection/dial.ts';
import type { Tunnel, TunnelEvents } from '../../../src/peer/tunnel.ts';
import type { TunnelStream } from '../../../src/peer/tcp.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const SILENT: TunnelEvents = { lost() {}, resumed() {}, dead() {} };

export interface AgentEvent {
  readonly event: string;
  readonly [fact: string]: unknown;
}

export interface RunningAgent {
  readonly child: AgentChild;
  readonly port: number;
  readonly events: readonly AgentEvent[];
  readonly dial: Dial;
  readonly key: ReturnType<typeof createTunnelKey>;
  /** Resolves when the agent runs, to a connection that it has greeted. */
  deliver(dial?: Dial): Promise<Duplex>;
  tunnel(dial?: Dial, events?: TunnelEvents): Promise<Tunnel>;
  stop(): Promise<void>;
}

/** What differs from an agent as a session starts it. */
export interface AgentSettings {
  readonly publicKey?: string;
  readonly resumeMs?: number;
  readonly logLevel?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Instead of the bundle. */
  readonly code?: Uint8Array;
}

export type AgentChild = ChildProcessByStdio<Writable, Readable, Readable>;

let bundle: Buffer | undefined;

export function agentBundle(): Buffer {
  if (bundle === undefined) execFileSync(process.execPath, ['scripts/build.ts', 'agent'], { cwd: root });
  return (bundle ??= readFileSync(`${root}dist/agent.cjs`));
}

/** Starts the agent as a container would: its loader, which has no code yet. */
export function spawnAgent(program: AgentProgram, settings: AgentSettings = {}): AgentChild {
  const [, ...args] = program.command(settings.publicKey ?? 'none', settings.logLevel ?? 'info');
  const env = { ...program.env, MIRRORD_RESOLV_CONF: '', ...settings.environment };
  return spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Resolves when the loader listens; the first tunnel, or `deliver`, gives it the code. */
export async function startAgent(settings: AgentSettings = {}): Promise<RunningAgent> {
  const key = createTunnelKey();
  const program = agentProgram(settings.code ?? agentBundle(), settings.resumeMs);
  const child = spawnAgent(program, { publicKey: key.publicKey, ...settings });
  const events: AgentEvent[] = [];
  child.stderr.pipe(process.stderr);
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const event: AgentEvent = JSON.parse(line);
      events.push(event);
      if (event.event === 'listening') resolve(Number(event['port']));
    });
    child.once('exit', (code) => reject(new Error(`the agent ended with ${code}: ${JSON.stringify(events)}`)));
  });
  const dial: Dial = () => dialPort(port);
  return {
    child,
    port,
    events,
    dial,
    key,
    deliver: (by = dial) => program.delivering(by)(new AbortController().signal),
    tunnel: (by = dial, told = SILENT) => createTunnel(program.delivering(by), key, {}, told),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

export async function dialPort(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** What a flow said, as promises. */
export interface Heard {
  /** All bytes until FIN; rejects on RST. */
  readonly all: Promise<Buffer>;
  readonly reset: Promise<void>;
  /** Bytes so far. */
  bytes(): Buffer;
}

export function hear(flow: TunnelStream): Heard {
  const chunks: Uint8Array[] = [];
  const reset = new Promise<void>((resolve) => {
    flow.onReset = resolve;
  });
  const all = new Promise<Buffer>((resolve, reject) => {
    flow.onData = (chunk) => chunks.push(Buffer.from(chunk));
    flow.onEnd = () => resolve(Buffer.concat(chunks));
    void reset.then(() => reject(new Error('reset')));
  });
  // Who waits for the reset does not wait for the end.
  all.catch(() => {});
  return { all, reset, bytes: () => Buffer.concat(chunks) };
}

/** Resolves when `holds`; a bounded poll. */
export async function until(holds: () => boolean, what: string, limitMs = 5_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
