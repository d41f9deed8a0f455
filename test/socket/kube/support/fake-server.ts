/** An API server's stand-in on loopback: TLS, a few REST answers, and port-forwards whose far end the test holds. */
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { ChannelFarEnd, SpdyFarEnd, type FarEnd } from './far-end.ts';

export const CERT = readFileSync(new URL('./server-cert.pem', import.meta.url));
export const KEY = readFileSync(new URL('./server-key.pem', import.meta.url));

export type Protocol = 'v4.channel.k8s.io' | 'SPDY/3.1+portforward.k8s.io';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class FakeServer {
  readonly server = https.createServer({ cert: CERT, key: KEY });
  readonly sockets = new Set<Socket>();
  /** By path without query; `/version` is answered by default. */
  readonly answers = new Map<string, Answer>();
  /** The framing that is chosen for port-forwards. */
  protocol: Protocol = 'v4.channel.k8s.io';
  /** Refuses handshakes that offer more than the legacy framing, as something on the way might. */
  isLegacy = false;
  /** Called for each port-forward, before anything is sent on it. */
  onForward: (far: FarEnd) => void = (far) => far.confirm();
  /** When set, handshakes are answered with this instead. */
  refuseForward: { status: number; body: string } | null = null;
  /** Paths of all requests and handshakes. */
  readonly seen: string[] = [];
  #prefix = '';

  static async start(prefix = ''): Promise<FakeServer> {
    const fake = new FakeServer();
    fake.#prefix = prefix;
    const upgrades = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
    });
    upgrades.on('headers', (headers) => {
      headers.push(`Sec-WebSocket-Protocol: ${fake.protocol}`);
    });
    fake.answers.set('/version', json({ gitVersion: 'v1.34.4' }));
    fake.answers.set('/api/v1/namespaces/default', json({ metadata: { name: 'default' } }));
    fake.server.on('request', (request, response) => fake.#answer(request, response));
    fake.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      fake.seen.push(request.url!);
      const offered = request.headers['sec-websocket-protocol'] ?? '';
      const refusal = fake.refuseForward ?? fake.#unwilling(offered);
      if (refusal !== null) {
        const body = refusal.body;
        socket.end(`HTTP/1.1 ${refusal.status} No\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
        return;
      }
      // `ws` reads no names with a slash.
      delete request.headers['sec-websocket-protocol'];
      upgrades.handleUpgrade(request, socket, head, (client) => {
        client.on('error', () => {
          // Tests cut connections; their own end reports it.
        });
        const port = Number(new URL(request.url!, 'https://x').searchParams.get('ports'));
        const isSpdy = fake.protocol.startsWith('SPDY');
        fake.onForward(isSpdy ? new SpdyFarEnd(client) : new ChannelFarEnd(client, port));
      });
    });
    fake.server.on('secureConnection', (socket) => {
      fake.sockets.add(socket);
      socket.on('close', () => fake.sockets.delete(socket)).on('error', () => {});
    });
    await new Promise<void>((resolve) => fake.server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.seen.push(request.url!);
    const name = new URL(request.url!, 'https://x').pathname;
    const answer = name.startsWith(this.#prefix) ? this.answers.get(name.slice(this.#prefix.length)) : undefined;
    (answer ?? status(404, 'not found'))(request, response);
  }

  #unwilling(offered: string): { status: number; body: string } | null {
    if (!this.isLegacy || offered === 'v4.channel.k8s.io') return null;
    return { status: 400, body: 'unknown protocol' };
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function json(body: unknown, code = 200): Answer {
  return (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
}

export function status(code: number, message: string): Answer {
  return json({ kind: 'Status', status: 'Failure', message, code }, code);
}

const folder = mkdtempSync(path.join(tmpdir(), 'mirrord-test-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A kubeconfig for a server at `url`. */
export function kubeconfigFor(
  url: string,
  cluster: Record<string, unknown> = {},
  user: Record<string, unknown> = {},
): string {
  const file = path.join(mkdtempSync(path.join(folder, 'kube-')), 'config');
  const fields = { server: url, 'certificate-authority-data': CERT.toString('base64'), ...cluster };
  const config = {
    'current-context': 't',
    clusters: [{ name: 'c', cluster: fields }],
    users: [{ name: 'u', user: { token: 'secret', ...user } }],
    contexts: [{ name: 't', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}
