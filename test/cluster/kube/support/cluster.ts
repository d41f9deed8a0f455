/** What the tests of this tier need of the real cluster; everything is made with kubectl, as its administrator. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import type { AgentOptions, AgentProgram, AgentRequest, Remains } from '../../../../src/kube/cluster.ts';

export const ADMIN = requireKubeconfig();

function requireKubeconfig(): string {
  const file = process.env['KUBECONFIG'];
  if (file !== undefined && file !== '') return file;
  throw new Error('KUBECONFIG is not set: `scripts/test cluster` sets it, `scripts/cluster kubeconfig` prints it');
}

/** A namespace with pods as large as they can be. */
const OUTPUT_LIMIT = 32 << 20;

export function kubectl(args: readonly string[], input?: unknown): string {
  return execFileSync('kubectl', [...args], {
    env: { ...process.env, KUBECONFIG: ADMIN },
    encoding: 'utf8',
    maxBuffer: OUTPUT_LIMIT,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input === undefined ? {} : { input: typeof input === 'string' ? input : JSON.stringify(input) }),
  });
}

export function kubectlJson(args: readonly string[]): unknown {
  return JSON.parse(kubectl([...args, '-o', 'json']));
}

/** A namespace for one test file, with its default ServiceAccount in place. */
export async function makeNamespace(labels: Readonly<Record<string, string>> = {}): Promise<string> {
  const name = `mirrord-test-${randomBytes(4).toString('hex')}`;
  kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  await eventually('the default ServiceAccount', () => {
    try {
      return kubectl(['get', 'serviceaccount', 'default', '-n', name]) !== '';
    } catch {
      return false;
    }
  });
  return name;
}

export function dropNamespace(name: string): void {
  kubectl(['delete', 'namespace', name, '--wait=false', '--ignore-not-found']);
}

export async function eventually(what: string, holds: () => boolean, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(100);
  }
}

/** Names of our Jobs and of their pods. */
export function leftovers(namespace: string): string[] {
  const query = ['get', 'jobs,pods', '-n', namespace, '-l', 'app.kubernetes.io/managed-by=mirrord', '-o', 'name'];
  return kubectl(query)
    .split('\n')
    .filter((line) => line !== '');
}

/** A kubeconfig for a ServiceAccount, in a folder of its own. */
export function serviceAccountKubeconfig(namespace: string, account: string): string {
  const token = kubectl(['create', 'token', account, '-n', namespace]).trim();
  return writeKubeconfig({ token }, namespace);
}

interface AdminConfig {
  clusters: { name: string; cluster: Record<string, unknown> }[];
}

/** The administrator's cluster with another user; `cluster` overrides fields of the cluster. */
export function writeKubeconfig(
  user: Readonly<Record<string, unknown>>,
  namespace: string,
  cluster: Readonly<Record<string, unknown>> = {},
): string {
  const admin = JSON.parse(kubectl(['config', 'view', '--raw', '--minify', '-o', 'json'])) as AdminConfig;
  const file = path.join(scratch(), 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'c', cluster: { ...admin.clusters[0].cluster, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u', namespace } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const folders: string[] = [];

export function scratch(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mirrord-kube-'));
  folders.push(folder);
  return folder;
}

process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** An agent's stand-in: it echoes. */
export const ECHO: AgentProgram = program("s.on('connection', (c) => c.on('error', () => {}).pipe(c)); listen();");

/** A small Node program with `s`, a server, and `listen()`, which announces it. */
export function program(body: string): AgentProgram {
  const code = `
    const s = require('net').createServer();
    const listen = () => s.listen(0, '127.0.0.1', () => {
      console.log(JSON.stringify({ event: 'listening', port: s.address().port }));
    });
    process.on('SIGTERM', () => process.exit(0));
    ${body}`;
  return runs('node', '-e', code);
}

/** A program that needs no code, whatever it is. */
export function runs(...command: readonly string[]): AgentProgram {
  return { command: () => command, env: {}, refuses: () => null, delivering: (dial) => dial };
}

export const OPTIONS: AgentOptions = {
  image: 'docker.io/library/node:24-slim',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: [],
  labels: {},
  annotations: {},
  tolerations: [],
  nodeSelector: {},
  ttlSeconds: 30,
  startupTimeoutMs: 60_000,
  logLevel: 'info',
};

const NONE: Remains = { add: () => undefined, remove: () => undefined };

export function request(options: Partial<AgentOptions> = {}, code: AgentProgram = ECHO): AgentRequest {
  return {
    role: 'outgoing',
    options: { ...OPTIONS, ...options },
    program: code,
    publicKey: 'test',
    session: 'test',
    remains: NONE,
  };
}

export function echo(stream: Duplex, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const onData = (chunk: Buffer): void => {
      answer += chunk.toString();
      if (answer.length < text.length) return;
      stream.off('data', onData).off('error', reject);
      resolve(answer);
    };
    stream.on('data', onData).once('error', reject);
    stream.write(text);
  });
}
