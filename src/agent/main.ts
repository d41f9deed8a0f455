/**
 * The agent: one program without dependencies that runs inside the cluster's network, on a stock Node image.
 *
 * It listens on loopback (or a unix socket), lets in only who proves the key, and dials, asks and relays on the
 * client's behalf.  On standard output it prints one JSON line per event, never a secret.  It leaves by itself: when
 * its client says goodbye, when no client has been connected for the resume limit, on SIGTERM and SIGINT, when standard
 * input, if that is a pipe, ends, and after too many defects.  It keeps nothing on disk.  It must not know: the client's
 * side, Kubernetes.
 *
 * Bundled to dist/agent.cjs; how it gets into a container is in loader.ts.
 */
import { fstatSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { agentServices } from '../peer/agent-services.ts';
import type { Services } from '../peer/peer.ts';
import { TunnelServer } from '../peer/server.ts';
import type { ServedSession } from '../peer/served-session.ts';
import { Defects } from './defects.ts';
import { giveWay } from './give-way.ts';
import { takeOver } from './loaded.ts';
import { peerUsers } from './peer-users.ts';
import { incomingServices } from './incoming/service.ts';
import { createService } from './service.ts';
import { fromArguments, readSettings, readSocketPath } from './settings.ts';
import type { AgentSettings } from './settings.ts';

/** How long farewells may take at the end, ms. */
const FAREWELL_MS = 200;
/** EX_CONFIG of sysexits.h: what the environment says makes no sense. */
const EXIT_CONFIG = 78;
/** EX_SOFTWARE of sysexits.h: too many defects. */
const EXIT_DEFECTS = 70;

function say(event: string, facts: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`);
}

function start(settings: AgentSettings, listener: Server): TunnelServer {
  let leaving = false;
  const leave = (reason: string, exitCode = 0): void => {
    if (leaving) return;
    leaving = true;
    say('leaving', { reason });
    server.close(reason);
    listener.close();
    setTimeout(() => process.exit(exitCode), FAREWELL_MS);
  };
  const wait = (): NodeJS.Timeout => setTimeout(() => leave('no client is connected'), settings.resumeLimitMs);
  let idle: NodeJS.Timeout | null = wait();
  const options = { publicKey: settings.publicKey, resumeLimitMs: settings.resumeLimitMs, sourcesOf: peerUsers };
  const server = new TunnelServer(options, servicesOf(settings), {
    connected(sessions) {
      if (sessions === 0) {
        idle ??= wait();
      } else if (idle !== null) {
        clearTimeout(idle);
        idle = null;
      }
    },
    goodbye: () => leave('the client said goodbye'),
    note(event, detail) {
      if (!settings.isQuiet) say(event, detail === '' ? {} : { detail });
    },
  });
  listener.on('connection', (socket) => server.accept(socket.setNoDelay()));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => leave(signal));
  if (stdinIsPipe()) {
    process.stdin.resume();
    process.stdin.once('end', () => leave('standard input ended'));
    process.stdin.once('error', () => leave('standard input failed'));
  }
  const defects = new Defects();
  // A defect in one flow must not end the others, unless it happens again and again.
  const survive = (message: string): void => {
    say('defect', { message });
    const tooMany = defects.count(performance.now());
    if (tooMany !== null) leave(tooMany, EXIT_DEFECTS);
  };
  process.on('uncaughtException', (error) => survive(error.stack ?? error.message));
  process.on('unhandledRejection', (reason) => survive(String(reason)));
  return server;
}

/** By the role, for each session. */
function servicesOf(settings: AgentSettings): (session: ServedSession) => Services {
  if (settings.role === 'incoming') return incomingServices(settings.resolvConf, settings.hosts);
  return agentServices(createService(settings));
}

function listen(path: string): Server {
  const listener = createServer();
  listener.on('error', (error) => {
    say('failed', { message: error.message });
    process.exit(1);
  });
  return listener.listen(path, () => say('listening', { path }));
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
  giveWay();
  const loaded = takeOver();
  if (loaded === null) {
    start(readSettings(process.env), listen(readSocketPath(process.env)));
  } else {
    const settings = readSettings({ ...process.env, ...fromArguments(process.argv) });
    start(settings, loaded.server).accept(loaded.socket);
  }
} catch (error) {
  say('failed', { message: error instanceof Error ? error.message : String(error) });
  process.exit(EXIT_CONFIG);
}
