import { execFile } from 'node:child_process';
import { MirrordError } from '../../../errors.ts';
import { setAside } from '../../../node-environment.ts';
import { traced } from '../../../trace.ts';
import type { Files } from '../../files.ts';

/** No command here asks the network anything; one that takes longer hangs on a lock or a dead daemon. */
export const COMMAND_DEADLINE_MS = 5_000;

/** `ip -json route` of a router with full tables; more is not a workstation. */
const OUTPUT_MAX = 64 * 1024 * 1024;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with an argument array; no shell, ever.  A non-zero exit is a result, not an error. */
export type Run = (command: string, args: readonly string[], input?: string) => Promise<CommandResult>;

const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  ss: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  resolvectl: 'systemd-resolved',
};

/** `su` and some editors' terminals leave the folders of the system's own tools out of PATH. */
const commandPath = (): readonly string[] => [
  ...(process.env['PATH'] ?? '/usr/bin:/bin').split(':'),
  '/usr/sbin',
  '/sbin',
];

export const commandEnvironment = (): NodeJS.ProcessEnv => ({
  ...setAside(process.env),
  PATH: commandPath().join(':'),
  LC_ALL: 'C',
});

/** Whether there is such a command, without starting it. */
export const isInstalled = (files: Files, command: string): boolean =>
  commandPath().some((folder) => files.kind(`${folder}/${command}`) !== undefined);

export function commandMissing(command: string): MirrordError {
  return new MirrordError('host', 'command-missing', `The command \`${command}\` is not installed.`, {
    help: `Install the ${PACKAGES[command] ?? command} package (Debian: apt-get install ${PACKAGES[command] ?? command}).`,
  });
}

export const runCommand: Run = (command, args, input) =>
  traced(
    () => [command, ...args].join(' '),
    () => execute(command, args, input),
    ({ code }) => `exit ${code}`,
  );

const execute: Run = (command, args, input) =>
  new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      {
        env: commandEnvironment(),
        timeout: COMMAND_DEADLINE_MS,
        killSignal: 'SIGKILL',
        maxBuffer: OUTPUT_MAX,
        cwd: '/',
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ code: 0, stdout, stderr });
        } else if (error.code === 'ENOENT') {
          reject(commandMissing(command));
        } else if (typeof error.code === 'number') {
          resolve({ code: error.code, stdout, stderr });
        } else {
          const why = error.killed ? `did not end within ${COMMAND_DEADLINE_MS / 1000} s` : error.message;
          reject(
            new MirrordError('host', 'command-failed', `\`${[command, ...args].join(' ')}\` ${why}.`, { cause: error }),
          );
        }
      },
    );
    // A program that ends before it has read its input is judged by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });

/** For a command whose failure has no better explanation than its own words. */
export function commandFailed(command: string, args: readonly string[], result: CommandResult): MirrordError {
  const words = (result.stderr || result.stdout).trim().replaceAll('\n', '; ');
  return new MirrordError(
    'host',
    'command-failed',
    `\`${[command, ...args].join(' ')}\` failed: ${words || `exit ${result.code}`}.`,
  );
}

/** What `ip -batch` said when it ended early, as an error that shows the line; `before`: lines of earlier calls. */
export function batchFailed(family: 4 | 6, lines: readonly string[], words: string, before = 0): MirrordError {
  const number = /Command failed -:(\d+)/.exec(words)?.[1];
  const line = number === undefined ? undefined : lines[Number(number) - 1 - before];
  return line === undefined
    ? commandFailed('ip', [`-${family}`, '-batch', '-'], { code: 1, stdout: '', stderr: words })
    : commandFailed('ip', [`-${family}`, ...line.split(' ')], {
        code: 1,
        stdout: '',
        stderr: words.split('\n')[0] ?? '',
      });
}

export async function expectSuccess(
  run: Run,
  command: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const result = await run(command, args, input);
  if (result.code !== 0) throw commandFailed(command, args, result);
  return result.stdout;
}
