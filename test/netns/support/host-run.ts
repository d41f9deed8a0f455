/** One run of the host part in a sandbox, with its output as events. */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkState } from '../../../src/machine/network-state.ts';
import type { DnsState } from '../../../src/machine/dns-state.ts';
import type { Sandbox } from './sandbox.ts';

export type Event = Readonly<Record<string, unknown>>;

const EVENT_DEADLINE_MS = 15_000;

export interface RunOptions {
  readonly requests?: readonly (readonly [string, ...unknown[]])[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Arguments in front of node: `setsid`, `prlimit`, ... */
  readonly through?: readonly string[];
}

export class HostRun {
  readonly #sandbox: Sandbox;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly events: Event[] = [];
  readonly #waiting = new Set<() => void>();
  output = '';

  constructor(sandbox: Sandbox, options: RunOptions = {}) {
    this.#sandbox = sandbox;
    const node = [process.execPath, join(import.meta.dirname, 'host-main.ts')];
    const [command = '', ...args] = [...(options.through ?? []), ...node];
    this.#child = sandbox.spawn(command, args, {
      SUDO_UID: '',
      REQUESTS: JSON.stringify(options.requests ?? []),
      DNS_MODE: askedMode(options.requests ?? []),
      ...options.environment,
    });
    let rest = '';
    const take = (text: string): void => {
      this.output += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('{')) this.events.push(JSON.parse(line) as Event);
      for (const wake of this.#waiting) wake();
    };
    this.#child.stdout.setEncoding('utf8').on('data', take);
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  /** The first event with this key, past or to come. */
  async event(key: string, matching: (event: Event) => boolean = () => true): Promise<Event> {
    const deadline = AbortSignal.timeout(EVENT_DEADLINE_MS);
    for (;;) {
      const found = this.events.find((event) => key in event && matching(event));
      if (found) return found;
      assert.ok(!deadline.aborted, `no ${key}:\n${this.output}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
        deadline.addEventListener('abort', wake, { once: true });
      });
    }
  }

  /** Values of all replies, once all requests have been answered. */
  async replies(): Promise<readonly unknown[]> {
    await this.event('idle');
    return this.events.filter((event) => 'reply' in event || 'refusal' in event).map((e) => e['reply'] ?? e['refusal']);
  }

  /** The host's number outside the sandbox. */
  hostPid(): number {
    // nsenter forks into the process namespace; its only child is the host (or what it is started through).
    const children = readFileSync(`/proc/${this.#child.pid}/task/${this.#child.pid}/children`, 'utf8');
    return Number(children.trim().split(' ')[0]);
  }

  /** The session's number outside the sandbox. */
  sessionPid(): number {
    const host = this.hostPid();
    const children = readFileSync(`/proc/${host}/task/${host}/children`, 'utf8').trim().split(' ').map(Number);
    const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('fake-session'));
    assert.ok(found !== undefined, 'no session process');
    return found;
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.hostPid(), name);
  }

  /** Nobody reads its output any more. */
  deafen(): void {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  /** Resolves when the host process has ended. */
  async ended(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }

  async stop(): Promise<Event> {
    this.signal('SIGTERM');
    return this.event('end');
  }

  get sandbox(): Sandbox {
    return this.#sandbox;
  }
}

/** As `--dns`: what the session asks first. */
function askedMode(requests: NonNullable<RunOptions['requests']>): string {
  const [, state] = requests.find(([op]) => op === 'dns') ?? [];
  return (state as Partial<DnsState> | null | undefined)?.mode ?? 'auto';
}

export const NETWORK: NetworkState = {
  addresses: ['198.19.0.1/32', 'fd6d:6972:726f:1::1/128'],
  mtu: 1500,
  routes: ['198.19.0.53/32', '10.96.0.0/16', '10.244.0.0/24', 'fd00:96::/112'],
  pins: ['10.96.0.1/32'],
  rules: [{ destination: '10.96.0.0/16', protocol: 'tcp', port: 5432, side: 'local' }],
  unreachable: ['fd00:244::/64'],
  farRanges: [],
  resolver: '198.19.0.53/32',
  forwarded: 'bridges',
};

export const DNS: DnsState = {
  mode: 'auto',
  servers: ['198.19.0.53'],
  redirects: ['192.168.7.254', '127.0.0.2', '127.0.0.53', 'fd00:7::ffff'].map((server) => ({ server, port: 5300 })),
  exempt: { hopLimit: 100, tcp: [40002] },
  search: ['default.svc.cluster.local', 'svc.cluster.local'],
  domains: ['cluster.local', 'svc', 'default', '96.10.in-addr.arpa'],
  everything: false,
};
