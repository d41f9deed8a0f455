/** The real agent, bundled, as a process of its own; and tunnels to it. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { agentProgram } from '../../../src/agent/loader.ts';
import { createTunnel } from '../../../src/tunnel/client.ts';
import { createTunnelKey } from '../../../src/tunnel/key.ts';
import type { Dial, Tunnel, TunnelEvents, TunnelStream } from '../../../src/tunnel/tunnel.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const SILENT: TunnelEvents = { lost() {}, resumed() {}, dead() {} };

export interface AgentEvent {
  readonly event: string;
  readonly [fact: string]: unknown;
}

export interface RunningAgent {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly port: number;
  readonly events: readonly AgentEvent[];
  readonly dial: Dial;
  readonly key: ReturnType<typeof createTunnelKey>;
  tunnel(dial?: Dial, events?: TunnelEvents): Promise<Tunnel>;
  stop(): Promise<void>;
}

let built = false;

/** Starts the agent as a container would: by its loader, on `node`. */
export function spawnAgent(
  environment: Readonly<Record<string, string>>,
  key = createTunnelKey(),
  node = process.execPath,
): ChildProcessByStdio<Writable, Readable, Readable> {
  if (!built) execFileSync(process.execPath, ['scripts/build.ts', 'agent'], { cwd: root });
  built = true;
  const program = agentProgram(readFileSync(`${root}dist/agent.cjs`));
  const [, ...args] = program.command;
  const env = { ...program.env([0], key.publicKey, 'info'), MIRRORD_RESOLV_CONF: '', ...environment };
  return spawn(node, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
}

export async function startAgent(
  environment: Readonly<Record<string, string>> = {},
  node?: string,
): Promise<RunningAgent> {
  const key = createTunnelKey();
  const child = spawnAgent(environment, key, node);
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
    tunnel: (by = dial, told = SILENT) => createTunnel(by, key, {}, told),
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
