/**
 * A machine of its own for one test: fresh network, mount and process namespaces, with private /etc, /run and /tmp.
 *
 * Everything in it ends with `close`, and with the test process however that ends: the holder waits on a pipe of ours,
 * and the kernel kills the rest of its process namespace.
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { removeCgroups } from '../../../scripts/sandbox/leftovers.ts';

const CHECKOUT = join(import.meta.dirname, '../../..');
const START_DEADLINE_MS = 10_000;

/** dev0 leads to the network namespace `far`, which has the gateway's addresses and whatever a test adds. */
const NETWORK = `
ip link set lo up
ip netns add far
ip link add dev0 type veth peer name far0 netns far
# No address whose state changes by itself while a test compares.
ip link set dev0 addrgenmode none
ip link set dev0 up
ip addr add 192.168.7.1/24 dev dev0
ip addr add fd00:7::1/64 dev dev0 nodad
ip netns exec far sh -ec '
  ip link set lo up
  ip link set far0 up
  ip addr add 192.168.7.254/24 dev far0
  ip addr add fd00:7::ffff/64 dev far0 nodad
'
ip route add default via 192.168.7.254
ip -6 route add default via fd00:7::ffff
# The kernel tells of a carrier a moment after it is there.
while ip -o link show dev dev0 | grep -q NO-CARRIER; do :; done
`;

const SETUP = `
set -e
mount -t tmpfs -o mode=755 sandbox /run
mkdir -p /run/sandbox /run/netns
mkdir -m 755 /run/sandbox/upper /run/sandbox/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/sandbox/upper,workdir=/run/sandbox/work /etc
. "$0/scripts/sandbox/open-way.sh"
open_way "$(dirname "$0")" /run/sandbox
umount /etc/resolv.conf 2>/dev/null || true
rm -f /etc/resolv.conf
printf 'nameserver 192.168.7.254\\nsearch home.example\\noptions timeout:1 attempts:1\\n' > /etc/resolv.conf
${NETWORK}
`;

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Sandbox {
  readonly #holder: ChildProcessWithoutNullStreams;
  /** The first process inside, by its number outside. */
  readonly pid: number;

  private constructor(holder: ChildProcessWithoutNullStreams, pid: number) {
    this.#holder = holder;
    this.pid = pid;
  }

  /** `setup`: shell commands to run inside, after the common ones. */
  static async open(setup = ''): Promise<Sandbox> {
    const script = `${SETUP}\n${setup}\necho ready\nread _ || true\n`;
    const unshare = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
    const holder = spawn('unshare', [...unshare, 'sh', '-c', script, CHECKOUT], { stdio: 'pipe', detached: true });
    let errors = '';
    holder.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    let output = '';
    const timer = setTimeout(() => holder.kill('SIGKILL'), START_DEADLINE_MS);
    for await (const chunk of holder.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      output += String(chunk);
      if (output.endsWith('ready\n')) break;
    }
    clearTimeout(timer);
    assert.ok(output.endsWith('ready\n'), `the sandbox did not start: ${errors}`);
    holder.stdout.resume();
    const children = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8');
    return new Sandbox(holder, Number(children.trim()));
  }

  /** The command and arguments that run something inside. */
  enter(command: string, ...args: readonly string[]): [string, string[]] {
    return ['nsenter', ['--target', String(this.pid), '--mount', '--net', '--pid', '--', command, ...args]];
  }

  run(command: string, ...args: readonly string[]): Promise<Result> {
    return new Promise((resolve) => {
      const options = { timeout: 20_000, maxBuffer: 1 << 26, env: { ...process.env, LC_ALL: 'C' } };
      execFile(...this.enter(command, ...args), options, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
      );
    });
  }

  /** A shell script that must succeed; resolves to its output. */
  async shell(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.run('sh', '-ec', script);
    assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Milliseconds from `action` until the shell condition holds, watched from inside. */
  async timeUntil(action: () => void, condition: string): Promise<number> {
    const watcher = this.spawn('sh', ['-c', `echo go; until ${condition}; do :; done 2>/dev/null; echo done`]);
    await once(watcher.stdout, 'data');
    const start = performance.now();
    action();
    await once(watcher.stdout, 'data', { signal: AbortSignal.timeout(START_DEADLINE_MS) });
    return performance.now() - start;
  }

  spawn(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams {
    const [program, all] = this.enter(command, ...args);
    return spawn(program, all, { stdio: 'pipe', env: { ...process.env, ...environment } });
  }

  async close(): Promise<void> {
    const network = /\d+/.exec(readlinkSync(`/proc/${this.pid}/ns/net`))?.[0];
    this.#holder.stdin.end();
    this.#holder.kill('SIGKILL');
    if (this.#holder.exitCode === null && this.#holder.signalCode === null) await once(this.#holder, 'exit');
    await removeCgroups(Number(network));
  }
}
