/** An agent of a `netns/` or `process/` target: a Node in that network namespace, as the invoking user. */
import { type ChildProcess, spawn } from 'node:child_process';
import { MirrordError } from '../../../errors.ts';
import { DATA_PATH_FLAGS } from '../../../node-flags.ts';
import { commandEnvironment } from '../system/commands.ts';
import type { NetworkTarget } from '../target.ts';
import type { Agent } from '../../session-machine.ts';
import type { AgentOptions } from '../../session-machine.ts';

/** A Node starts within a second on a busy machine. */
const LISTEN_DEADLINE_MS = 15_000;

/** Of its standard error, for the message when it fails. */
const KEPT_OUTPUT = 2_000;

/** Whom it runs as, and with which rights. */
export interface AgentIdentity {
  /** The command in front of Node. */
  readonly prefix: readonly string[];
  /** Beside what every program that root starts has. */
  readonly environment: NodeJS.ProcessEnv;
}

export class AgentProcess implements Agent {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it listens on the socket. */
  static async start(
    { path, namespace, resolvConf }: NetworkTarget,
    options: AgentOptions & AgentIdentity,
  ): Promise<AgentProcess> {
    const [command, ...args] = [
      'nsenter',
      `--net=${namespace}`,
      '--',
      ...options.prefix,
      process.execPath,
      ...DATA_PATH_FLAGS,
      options.bundle,
    ] as const;
    const child = spawn(command, args, {
      cwd: '/',
      env: {
        ...commandEnvironment(),
        ...options.environment,
        MIRRORD_PUBLIC_KEY: options.publicKey,
        MIRRORD_LISTEN: `unix:${options.socketPath}`,
        MIRRORD_RESOLV_CONF: resolvConf,
      },
      // The end of its standard input tells it that this process is gone.
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const agent = new AgentProcess(child);
    let errors = '';
    let output = '';
    let timer: NodeJS.Timeout | undefined;
    let abandon = (): void => {};
    const listening = new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        const words = errors.trim().split('\n').slice(-8).join('\n');
        reject(
          new MirrordError(
            'agent',
            'agent-not-started',
            `The agent in the target's namespace ${why}${words && `: ${words}`}`,
            {
              help: `Check whether Node runs there: sudo nsenter --net=${path} node --version`,
            },
          ),
        );
      };
      timer = setTimeout(() => fail(`did not listen within ${LISTEN_DEADLINE_MS / 1000} s`), LISTEN_DEADLINE_MS);
      abandon = () => fail('was abandoned');
      options.signal.addEventListener('abort', abandon);
      child.once('error', (error) => fail(`could not be started (${error.message})`));
      child.once('exit', (code, signal) => fail(`ended at once (${signal ?? `exit ${code}`})`));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        errors = (errors + text).slice(-KEPT_OUTPUT);
        options.output(text);
      });
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        options.output(text);
        output = (output + text).slice(-KEPT_OUTPUT);
        if (output.split('\n').some(saysListening)) resolve();
      });
    });
    try {
      await listening;
    } catch (error) {
      agent.stop();
      throw error;
    } finally {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', abandon);
    }
    return agent;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** It leaves at the end of its input; a hung one is killed with whatever it started. */
  stop(): void {
    this.#child.stdin?.end();
    if (this.#child.pid === undefined || this.ended) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It ended in between.
    }
  }
}

function saysListening(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    return (JSON.parse(line) as { event?: unknown }).event === 'listening';
  } catch {
    // The start of a line that is not whole yet, or no JSON.
    return false;
  }
}
