/** `kubectl port-forward` to one pod, on the same local ports; started again when it has ended by itself. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Machine } from '../sandbox/index.ts';

const READY_DEADLINE_MS = 15_000;
const POLL_MS = 20;

export interface ForwardSettings {
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly pod: string;
  readonly ports: readonly number[];
}

export class PortForward {
  readonly #machine: Machine;
  readonly #settings: ForwardSettings;
  #child: ChildProcessWithoutNullStreams;

  private constructor(machine: Machine, settings: ForwardSettings, child: ChildProcessWithoutNullStreams) {
    this.#machine = machine;
    this.#settings = settings;
    this.#child = child;
  }

  static async open(machine: Machine, settings: ForwardSettings): Promise<PortForward> {
    return new PortForward(machine, settings, await start(machine, settings));
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    this.#child.kill();
    await once(this.#child, 'close');
  }

  /** Resolves to whether it had ended by itself.  One that has `failed` is ended: it may hang with all connections. */
  async mend(failed: boolean): Promise<boolean> {
    const ended = this.#ended;
    if (!ended && !failed) return false;
    await this.end();
    this.#child = await start(this.#machine, this.#settings);
    return ended;
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

async function start(machine: Machine, settings: ForwardSettings): Promise<ChildProcessWithoutNullStreams> {
  const { kubectl, kubeconfig, namespace, pod, ports } = settings;
  const args = ['--kubeconfig', kubeconfig, 'port-forward', '-n', namespace, `pod/${pod}`, ...ports.map(String)];
  const child = machine.start(kubectl, args);
  let output = '';
  // It tells of each connection: what is not read would stop it.
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < 4_096) output += text;
    });
  }
  for (const end = Date.now() + READY_DEADLINE_MS; ; await delay(POLL_MS)) {
    if (ports.every((port) => output.includes(`127.0.0.1:${port} ->`))) return child;
    if (Date.now() > end || child.exitCode !== null) throw new Error(`kubectl port-forward is not ready:\n${output}`);
  }
}
