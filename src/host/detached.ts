/** `--detach`: the same command once more, in a session of its own that outlives the terminal. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setAside } from '../node-environment.ts';

export interface DetachedProcess {
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The exit code; null when a signal ended it, or when it could not be started. */
  readonly exited: Promise<number | null>;
  /** Asks it to end in order. */
  stop(signal: NodeJS.Signals): void;
  /** It has said all that was waited for: this process may end without it. */
  release(): void;
}

/** `args`: the script and its arguments, for the Node that runs this. */
export function spawnDetached(args: readonly string[]): DetachedProcess {
  const child = spawn(process.execPath, args, {
    detached: true,
    env: setAside(process.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  return {
    pid: child.pid,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    stop: (signal) => child.kill(signal),
    release: () => {
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
}
