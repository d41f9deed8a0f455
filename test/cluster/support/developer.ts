/**
 * A developer machine beside the cluster's node: own /etc, /run and network, a user `developer` behind sudo, public DNS
 * and a public web server of its own (scripts/sandbox), and one cable to the node, over which it reaches the API server
 * alone.  Whatever else it reaches of the cluster came through mirrord.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GATEWAY, PUBLIC_WEB } from '../../../scripts/sandbox/addresses.ts';
import { must } from '../../../scripts/sandbox/command.ts';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import type { Identity, Machine, Outcome } from '../../../scripts/sandbox/index.ts';
import { Session } from '../../../scripts/sandbox/session.ts';

const SCRIPT = join(import.meta.dirname, '../../../scripts/cluster');
export const USER_ID = 4242;
export const HOME = '/run/home';

/** What a program is started with. */
export interface RunSettings {
  readonly as?: Identity;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

export class Developer {
  readonly machine: Machine;
  readonly internet: Machine;
  readonly mirrord: string;
  readonly #pid: number;
  readonly #close: () => Promise<void>;

  private constructor(parts: {
    machine: Machine;
    internet: Machine;
    mirrord: string;
    pid: number;
    close: () => Promise<void>;
  }) {
    ({ machine: this.machine, internet: this.internet, mirrord: this.mirrord } = parts);
    this.#pid = parts.pid;
    this.#close = parts.close;
  }

  static async open(): Promise<Developer> {
    const sandbox = await createSandbox();
    const { id, developer, developerPid } = sandbox;
    const netns = `mirrord-${id}-developer`;
    const detach = (): unknown => cluster(['detach', netns]);
    try {
      await must('ip', ['netns', 'attach', netns, String(developerPid)]);
      for (const family of ['-4', '-6']) await must('ip', ['-n', netns, family, 'route', 'del', 'default']);
      for (const [web, gateway] of [
        [PUBLIC_WEB.v4, GATEWAY.v4],
        [PUBLIC_WEB.v6, GATEWAY.v6],
      ] as const) {
        await must('ip', ['-n', netns, 'route', 'add', web, 'via', gateway]);
      }
      cluster(['attach', netns]);
      // The name has done its service: inside, where it is no mount, it would only confuse `ip`.
      await must('ip', ['netns', 'delete', netns]);
      // And what others name meanwhile is none of this machine's business either.
      await developer.run('umount', ['-R', '/run/netns']);
      process.once('exit', detach);
    } catch (error) {
      await sandbox.close();
      throw error;
    }
    return new Developer({
      machine: developer,
      internet: sandbox.internet,
      mirrord: sandbox.mirrord,
      pid: developerPid,
      close: async () => {
        process.off('exit', detach);
        detach();
        await sandbox.close();
      },
    });
  }

  /** Writes a file that this machine alone sees; the user's own and private, unless said otherwise. */
  write(path: string, content: string, mode = 0o600, uid = USER_ID, gid = uid): string {
    const outside = `/proc/${this.#pid}/root${path}`;
    for (let folder = dirname(path); folder.startsWith(`${HOME}/`); folder = dirname(folder)) {
      mkdirSync(`/proc/${this.#pid}/root${folder}`, { recursive: true });
      chownSync(`/proc/${this.#pid}/root${folder}`, uid, gid);
    }
    writeFileSync(outside, content, { mode });
    chownSync(outside, uid, gid);
    return path;
  }

  /** Runs a program to its end, as the user unless said otherwise, without the tests' own kubeconfig. */
  run(file: string, args: readonly string[], settings: RunSettings = {}): Promise<Outcome> {
    return this.machine.run('env', withoutCluster(file, args), { as: 'developer', ...settings });
  }

  mirrordRun(args: readonly string[], settings: RunSettings = {}): Promise<Outcome> {
    return this.run(this.mirrord, args, settings);
  }

  /** Starts `sudo mirrord up`. */
  up(args: readonly string[] = [], settings: RunSettings = {}): Session {
    return this.start(this.mirrord, ['up', ...args], { as: 'sudo', ...settings });
  }

  /** Starts a program that becomes a session. */
  start(file: string, args: readonly string[], settings: RunSettings): Session {
    return new Session(this.machine.start('env', withoutCluster(file, args), settings));
  }

  close(): Promise<void> {
    return this.#close();
  }
}

function withoutCluster(file: string, args: readonly string[]): string[] {
  return ['-u', 'KUBECONFIG', '-u', 'KUBECONFIG_TEST', file, ...args];
}

/** Our own cluster's script, whatever the tests were told about it. */
export function cluster(args: readonly string[]): string {
  const { KUBECONFIG_TEST: _, ...env } = process.env;
  return execFileSync(SCRIPT, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
