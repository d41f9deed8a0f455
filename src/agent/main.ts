/**
 * The agent: one program without dependencies that runs inside the cluster's network, on a stock Node image.
 *
 * It listens on loopback (or a unix socket), lets in only who proves the key, and dials, asks and relays on the
 * client's behalf.  On standard output it prints one JSON line per event, never a secret.  It leaves by itself: when
 * nobody has been connected for the resume limit, on SIGTERM and SIGINT, and when standard input, if that is a pipe,
 * ends.  It keeps nothing on disk.  It must not know: the client's side, Kubernetes.
 *
 * Bundled to dist/agent.cjs; how it gets into a container is in loader.ts.
 */
import { fstatSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { TunnelServer } from '../tunnel/server.ts';
import { createService } from './service.ts';
import { readSettings } from './settings.ts';
import type { AgentSettings, ListenPlace } from './settings.ts';

/** How long farewells may take at the end, ms. */
const FAREWELL_MS = 200;
/** EX_CONFIG of sysexits.h: what the environment says makes no sense. */
const EXIT_CONFIG = 78;

function say(event: string, facts: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`);
}

function start(settings: AgentSettings): void {
  let leaving = false;
  const leave = (reason: string): void => {
    if (leaving) return;
    leaving = true;
    say('leaving', { reason });
    server.close(reason);
    listener.close();
    setTimeout(() => process.exit(0), FAREWELL_MS);
  };
  const wait = (): NodeJS.Timeout => setTimeout(() => leave('nobody is connected'), settings.resumeLimitMs);
  let nobody: NodeJS.Timeout | null = wait();
  const options = { publicKey: settings.publicKey, resumeLimitMs: settings.resumeLimitMs };
  const server = new TunnelServer(options, createService(settings.resolvConf), {
    connected(sessions) {
      if (sessions === 0) {
        nobody ??= wait();
      } else if (nobody !== null) {
        clearTimeout(nobody);
        nobody = null;
      }
    },
    note(event, detail) {
      if (!settings.isQuiet) say(event, detail === '' ? {} : { detail });
    },
  });
  const listener = createServer({ noDelay: true }, (socket: Socket) => server.accept(socket));
  listen(listener, settings.listen);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => leave(signal));
  if (stdinIsPipe()) {
    process.stdin.resume();
    process.stdin.once('end', () => leave('standard input ended'));
    process.stdin.once('error', () => leave('standard input failed'));
  }
  // What goes wrong in one flow must not end the others'.
  process.on('uncaughtException', (error) => say('defect', { message: error.stack ?? error.message }));
  process.on('unhandledRejection', (reason) => say('defect', { message: String(reason) }));
}

function listen(listener: Server, place: ListenPlace): void {
  const failed = (message: string): void => {
    say('failed', { message });
    process.exit(1);
  };
  if ('path' in place) {
    listener.on('error', (error) => failed(error.message));
    listener.listen(place.path, () => say('listening', { path: place.path }));
    return;
  }
  const ports = [...place.ports];
  const next = (reason: string): void => {
    const port = ports.shift();
    if (port === undefined) return failed(`no port is free: ${reason}`);
    listener.listen(port, place.host);
  };
  listener.on('error', (error) => next(error.message));
  listener.on('listening', () => {
    const address = listener.address();
    if (address !== null && typeof address === 'object') say('listening', { port: address.port });
  });
  next('none was given');
}

function stdinIsPipe(): boolean {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isSocket();
  } catch {
    // Closed.
    return false;
  }
}

try {
  start(readSettings(process.env));
} catch (error) {
  say('failed', { message: error instanceof Error ? error.message : String(error) });
  process.exitCode = EXIT_CONFIG;
}
