/**
 * A redirect of port 53 to the resolver's loopback port, in an nftables table that a child process holds.
 *
 * The table has the flag `owner`: it vanishes with the process that made it, no other program can change it, and
 * `flush ruleset` passes it by.  So it is made by an `nft -i` that lives as long as its standard input, which ends
 * with this process, however it dies.  /etc/resolv.conf and its search list are not touched.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { MirrordError } from '../../errors.ts';
import type { DnsState } from '../../ipc/protocol.ts';
import { isLoopback } from '../addresses.ts';
import { commandEnvironment } from '../machine/commands.ts';
import type { Machine } from '../machine/machine.ts';
import { socketOwners } from './local-servers.ts';
import type { DnsBackend } from './backend.ts';

/** nft answers within milliseconds; a ruleset of 100,000 lines takes it a second. */
const ANSWER_DEADLINE_MS = 5_000;

/** Before the priority of other programs' destination NAT (-100): the first translation of a connection holds. */
const PRIORITY = -110;

export interface Exemptions {
  readonly udp: readonly number[];
  readonly tcp: readonly number[];
  /** Users of DNS servers on this machine that we ask ourselves: their own questions must not come back to us. */
  readonly users: readonly number[];
}

export function redirectTable(table: string, port: number, exempt: Exemptions): string {
  const ports = (protocol: 'udp' | 'tcp'): readonly string[] =>
    exempt[protocol].length === 0
      ? []
      : [`${protocol} dport 53 ${protocol} sport { ${exempt[protocol].join(', ')} } return;`];
  return [
    `table inet ${table} { flags owner;`,
    `chain out { type nat hook output priority ${PRIORITY};`,
    ...ports('udp'),
    ...ports('tcp'),
    ...exempt.users.map((uid) => `meta skuid ${uid} return;`),
    `udp dport 53 redirect to :${port};`,
    `tcp dport 53 redirect to :${port};`,
    '}; }',
  ].join(' ');
}

export const tableName = (session: string): string => `mirrord_${session.replaceAll('-', '_')}`;

interface Held {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<void>;
}

export class Nftables implements DnsBackend {
  readonly mode = 'nftables';
  readonly #machine: Machine;
  readonly #session: string;
  readonly #upstreams: () => readonly string[];
  readonly #died: (error: MirrordError) => void;
  #held: Held | undefined;
  #applied = '';

  /** `upstreams`: the servers that the resolver asks.  `died`: the child, and the redirect with it, ended unasked. */
  constructor(
    machine: Machine,
    session: string,
    upstreams: () => readonly string[],
    died: (error: MirrordError) => void,
  ) {
    this.#machine = machine;
    this.#session = session;
    this.#upstreams = upstreams;
    this.#died = died;
  }

  async obstacle(): Promise<string | undefined> {
    const table = `${tableName(this.#session)}_check`;
    // Checked by the kernel and not committed.
    const result = await this.#machine
      .run('nft', ['-c', '-f', '-'], `${redirectTable(table, 53, { udp: [], tcp: [], users: [] })}\n`)
      .catch((error: Error) => ({ code: 1, stderr: error.message }));
    if (result.code !== 0) return `nftables does not work here: ${result.stderr.trim().split('\n')[0]}`;
    const root = this.#localServers().find(({ uid }) => uid === 0);
    return root && `the DNS server at ${root.server} runs as root, whose questions cannot be told from other programs'`;
  }

  async apply(state: DnsState): Promise<string> {
    const users = [...new Set(this.#localServers().map(({ uid }) => uid))];
    const text = redirectTable(tableName(this.#session), state.loopbackPort, { ...state.exemptPorts, users });
    if (text === this.#applied && this.#held) return this.#reason();
    await this.undo();
    await this.#hold(text);
    this.#applied = text;
    const others = await this.#otherRedirects();
    return others.length === 0 ? this.#reason() : `${this.#reason()}, in front of the redirect of ${others.join(', ')}`;
  }

  async undo(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    held?.child.kill('SIGKILL');
    await held?.ended;
  }

  #reason(): string {
    return 'nftables redirect of port 53; the search list of /etc/resolv.conf stays as it is';
  }

  /** Starts nft, gives it the table, and waits until it lists it. */
  async #hold(text: string): Promise<void> {
    const table = tableName(this.#session);
    const child = spawn('nft', ['-i'], { env: commandEnvironment(), cwd: '/', stdio: 'pipe', detached: true });
    let output = '';
    let complaints = '';
    const listed = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it does not answer')), ANSWER_DEADLINE_MS);
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        // Its prompt and what was typed may be on the same line.
        if (new RegExp(`table inet ${table}$`, 'm').test(output)) settle();
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        complaints += chunk;
        settle(new Error(complaints.trim()));
      });
      child.once('error', settle);
      child.once('exit', () => settle(new Error(complaints.trim() || 'it ended at once')));
      // The exit tells it.
      child.stdin.on('error', () => {});
      child.stdin.write(`${text}\nlist tables\n`);
    });
    try {
      await listed;
    } catch (cause) {
      child.kill('SIGKILL');
      throw new MirrordError(
        'host',
        'nftables-failed',
        `nftables took no redirect of port 53: ${(cause as Error).message}.`,
        {
          help: 'Choose another way with --dns resolv.conf, or --dns off.',
          cause,
        },
      );
    }
    child.stdout.removeAllListeners('data').resume();
    child.stderr.removeAllListeners('data').resume();
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const held = { child, ended };
    this.#held = held;
    child.once('exit', () => this.#lost(held));
  }

  #lost(held: Held): void {
    if (this.#held !== held) return;
    this.#held = undefined;
    this.#died(
      new MirrordError('host', 'redirect-lost', 'The nft process that held the redirect of DNS has ended.', {
        help: 'Start again with: sudo mirrord up',
      }),
    );
  }

  #localServers(): readonly { server: string; uid: number }[] {
    const owners = socketOwners(this.#machine);
    return this.#upstreams()
      .filter(isLoopback)
      .flatMap((server) => owners(server).map((uid) => ({ server, uid })));
  }

  /** Tables with a NAT of their own for port 53 (not a session's). */
  async #otherRedirects(): Promise<readonly string[]> {
    const result = await this.#machine.run('nft', ['list', 'ruleset']);
    return natTables(result.stdout).filter((table) => !table.includes(' mirrord_'));
  }
}

/** Names of the tables whose rules translate destination port 53 of this machine's own packets. */
export function natTables(ruleset: string): readonly string[] {
  const found = new Set<string>();
  let table = '';
  for (const line of ruleset.split('\n')) {
    const opened = /^table (\S+ \S+) \{/.exec(line);
    if (opened?.[1]) table = opened[1];
    if (/dport (\{[^}]*\b53\b[^}]*\}|53\b).*\b(redirect|dnat)\b/i.test(line)) found.add(table);
  }
  return [...found];
}
