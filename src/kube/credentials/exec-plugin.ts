/**
 * Credentials from a program (client.authentication.k8s.io ExecCredential), run as we are and with our environment.
 *
 * The one place of this folder that starts a process: a kubeconfig's plugin must run as the invoking user, and that is
 * who this process is; the root part never sees it.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { MirrordError } from '../../errors.ts';
import { asCalled } from '../../node-environment.ts';
import type { ExecFields } from '../kubeconfig/config.ts';
import { contradictory, isCode, type ClusterEntry, type UserEntry } from '../kubeconfig/file.ts';
import { YamlFault } from '../yaml/read.ts';
import { readExecCredential, type ExecCredential } from './exec-credential.ts';
import type { CredentialSource, Identity } from './identity.ts';
import { authorityOf } from './named-file.ts';

/** A plugin that asks a cloud takes 1 to 3 s; one that waits for a browser never answers us. */
const PLUGIN_DEADLINE_MS = 10_000;
/** A credential is a few kB; more is not a credential. */
const OUTPUT_LIMIT = 1024 * 1024;
/** Renewed this long before it expires, so that it does not expire on its way. */
const RENEWAL_MARGIN_MS = 30_000;

interface Held {
  readonly identity: Identity;
  /** Milliseconds since the epoch; Infinity when the plugin named no end. */
  readonly expires: number;
}

export class ExecPlugin implements CredentialSource {
  readonly #user: UserEntry;
  readonly #cluster: ClusterEntry;
  readonly #env: NodeJS.ProcessEnv;
  readonly #exec: ExecFields;
  readonly #command: string;
  #held: Held | null = null;
  #running: Promise<Held> | null = null;

  constructor(user: UserEntry, exec: ExecFields, cluster: ClusterEntry, env: NodeJS.ProcessEnv) {
    this.#user = user;
    this.#cluster = cluster;
    this.#env = env;
    this.#exec = exec;
    const { command } = exec;
    if (command === '') throw contradictory(user, 'has an exec entry without a command');
    // As in client-go: a path is relative to the kubeconfig, a bare name is looked up in PATH.
    this.#command = command.includes('/') ? path.resolve(path.dirname(user.file), command) : command;
  }

  async get(signal: AbortSignal): Promise<Identity> {
    if (this.#held !== null && Date.now() < this.#held.expires - RENEWAL_MARGIN_MS) return this.#held.identity;
    // Many connections may ask at once; the plugin runs once, and its own deadline bounds it.
    this.#running ??= this.#run().finally(() => (this.#running = null));
    // Who does not want to wait any longer leaves; the others may still want the answer.
    this.#held = await unlessAborted(this.#running, signal);
    return this.#held.identity;
  }

  forget(): void {
    this.#held = null;
  }

  get isAsking(): boolean {
    return this.#running !== null;
  }

  async #run(): Promise<Held> {
    const output = await this.#output();
    let credential: ExecCredential;
    try {
      credential = readExecCredential(output, this.#apiVersion);
    } catch (error) {
      if (!(error instanceof YamlFault)) throw error;
      throw this.#failed('exec-plugin-output', `gave no credential: line ${error.line}: ${error.message}`, '');
    }
    const { token, certificate, key, expires } = credential;
    return {
      identity: {
        headers: token === '' ? {} : { authorization: `Bearer ${token}` },
        ...(certificate === '' ? {} : { cert: certificate, key }),
      },
      expires,
    };
  }

  #output(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      // A group of its own, so that at the deadline its children go with it.
      const child = spawn(this.#command, this.#exec.args, {
        env: { ...asCalled(this.#env), ...this.#pluginEnv() },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      let ended = false;
      const stdout: Buffer[] = [];
      let length = 0;
      let stderr = '';
      const finish = (error: MirrordError | null): void => {
        if (ended) return;
        ended = true;
        clearTimeout(timer);
        process.off('exit', orphaned);
        if (error === null) return resolve(Buffer.concat(stdout));
        killGroup(child.pid);
        reject(error);
      };
      // It must not outlive us, waiting for a browser that the user does not see.
      const orphaned = (): void => killGroup(child.pid);
      process.once('exit', orphaned);
      const timer = setTimeout(() => {
        const seconds = PLUGIN_DEADLINE_MS / 1000;
        finish(this.#failed('exec-plugin-timeout', `gave no credentials within ${seconds} s`, stderr));
      }, PLUGIN_DEADLINE_MS);
      child.stdout.on('data', (chunk: Buffer) => {
        stdout.push(chunk);
        length += chunk.length;
        if (length > OUTPUT_LIMIT) finish(this.#failed('exec-plugin-output', 'printed without stopping', stderr));
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        if (stderr.length < OUTPUT_LIMIT) stderr += chunk;
      });
      child.on('error', (error) => finish(this.#notStarted(error)));
      child.on('close', (code, killed) => {
        if (code === 0) return finish(null);
        const how = code === null ? `was killed by ${killed}` : `ended with exit code ${code}`;
        finish(this.#failed('exec-plugin-failed', how, stderr));
      });
    });
  }

  #pluginEnv(): Record<string, string> {
    const env: Record<string, string> = {};
    for (const { name, value } of this.#exec.env) env[name] = value;
    const spec: Record<string, unknown> = { interactive: false };
    if (this.#exec.provideClusterInfo) {
      const authority = authorityOf(this.#cluster);
      const { server, extensions, ...fields } = this.#cluster.fields;
      spec['cluster'] = {
        server,
        'tls-server-name': fields['tls-server-name'],
        'insecure-skip-tls-verify': fields['insecure-skip-tls-verify'],
        'proxy-url': fields['proxy-url'],
        'disable-compression': fields['disable-compression'],
        ...(authority === undefined ? {} : { 'certificate-authority-data': authority.toString('base64') }),
        // Per ExecCredential's documentation: the cluster's extension of this name.
        config: extensions.find(({ name }) => name === 'client.authentication.k8s.io/exec')?.extension ?? undefined,
      };
    }
    env['KUBERNETES_EXEC_INFO'] = JSON.stringify({ kind: 'ExecCredential', apiVersion: this.#apiVersion, spec });
    return env;
  }

  get #apiVersion(): string {
    return this.#exec.apiVersion || 'client.authentication.k8s.io/v1';
  }

  #notStarted(error: Error): MirrordError {
    // A bare name that is nowhere gives EACCES where a folder of PATH may not be entered (execvp(3)).
    const missing = isCode(error, 'ENOENT') || (isCode(error, 'EACCES') && !this.#command.includes('/'));
    if (!missing) return this.#failed('exec-plugin-failed', `cannot be run: ${error.message}`, '');
    const hint = this.#exec.installHint;
    const where = `Install it, or check PATH, which sudo may have changed: ${this.#env['PATH'] ?? '(empty)'}`;
    return new MirrordError('cluster', 'exec-plugin-missing', `${this.#title()} was not found.`, {
      help: hint === '' ? where : `${hint}\n${where}`,
      cause: error,
    });
  }

  #failed(code: string, how: string, stderr: string): MirrordError {
    const said = stderr.trim();
    const asks = this.#exec.interactiveMode === 'Always';
    return new MirrordError('cluster', code, `${this.#title()} ${how}${said === '' ? '' : `:\n${said}`}`, {
      help: asks
        ? 'It needs a terminal (interactiveMode: Always) and has none here: use a login without questions, or a token.'
        : 'Log in again with the tool it belongs to; `kubectl cluster-info` must work without asking questions.',
    });
  }

  #title(): string {
    return `exec plugin ${this.#command} (kubeconfig ${this.#user.file}, user "${this.#user.name}")`;
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone is what was wanted; what runs as somebody else (EPERM, a setuid helper) has to end by itself.
  }
}
