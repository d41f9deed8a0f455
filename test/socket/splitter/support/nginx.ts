/** A real nginx on a port of loopback. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { listening } from './ports.ts';

export interface Nginx extends AsyncDisposable {
  readonly port: number;
  /** The process that serves. */
  readonly workerPid: number;
}

interface NginxOptions {
  /** Beside address and port. */
  readonly listen?: string;
  /** Beside its one server. */
  readonly http?: string;
}

/** `locations`: what its server does. */
export async function startNginx(locations: string, { listen = '', http = '' }: NginxOptions = {}): Promise<Nginx> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
    events { worker_connections 4096; }
    http {
      access_log off; keepalive_requests 1000000; client_max_body_size 0; ${temporary.join(' ')} ${http}
      server { listen 127.0.0.1:${port} backlog=4096 ${listen}; ${locations} }
    }`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await accepting(port);
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return {
    port,
    workerPid: Number(children.trim()),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** Until something listens there, 10 s at most. */
async function accepting(port: number): Promise<void> {
  for (const deadline = performance.now() + 10_000; ; await delay(20)) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    if (performance.now() > deadline) throw new Error(`nothing listens on ${port}`);
  }
}
