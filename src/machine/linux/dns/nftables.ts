/**
 * A redirect of questions to this machine's own name servers to the resolver's loopback ports, in an nftables table that a
 * child process holds.  /etc/resolv.conf and its search list are not touched, and what a program sends to any other server
 * goes there.
 *
 * Several sessions stand behind each other, the newest in front: what is not its own it asks as any program would, and
 * so comes to the next.  Each lets the questions of those behind it pass, or they would go round in circles.
 */
import { MirrordError } from '../../../errors.ts';
import type { DnsRedirect, DnsState } from '../../dns-state.ts';
import { isLoopback } from '../../../net/index.ts';
import type { Exemption, RedirectEntry } from '../journal/entries.ts';
import type { LinuxJournal } from '../journal/linux-journal.ts';
import type { System } from '../system/system.ts';
import { OwnedTable, type TableText, tableName } from '../nftables/owned-table.ts';
import { socketOwners } from './local-servers.ts';
import { asksResolved } from './nsswitch.ts';
import type { DnsBackend } from './manager.ts';
import { questionsTo, zoneChain } from './question-rules.ts';
import { defined } from '../../../defined.ts';

/** Before the priority of other programs' destination NAT (-100): the first translation of a connection holds. */
export const PRIORITY = -110;

/** Whom the resolver asks, whom programs ask, and which addresses are this machine's own: a server there may lead back to us. */
export interface Upstreams {
  readonly servers: readonly string[];
  readonly asked: readonly string[];
  /** The machine's own search list. */
  readonly search: readonly string[];
  readonly ownAddresses: readonly string[];
}

export interface Exemptions {
  /** This session and those behind it. */
  readonly sessions: readonly Exemption[];
  /** Users of DNS servers on this machine that we ask ourselves: their own questions must not come back to us. */
  readonly users: readonly number[];
}

export function redirectTable(
  table: string,
  redirects: readonly DnsRedirect[],
  exempt: Exemptions,
  zone: number | null,
  priority = PRIORITY,
): string {
  const passes = [...exempt.sessions.flatMap(sessionPasses), ...exempt.users.map((uid) => `meta skuid ${uid} return;`)];
  return [
    `table inet ${table} { flags owner;`,
    ...zoneChain(
      'output',
      passes,
      redirects.flatMap(({ server }) => questionsTo(server)),
      zone,
    ),
    `chain out { type nat hook output priority ${priority};`,
    ...passes,
    ...redirects.flatMap(({ server, port }) => questionsTo(server).map((match) => `${match} redirect to :${port};`)),
    '}; }',
  ].join(' ');
}

function sessionPasses({ uid, hopLimit, tcp, mark }: Exemption): readonly string[] {
  if (mark !== undefined) return [`meta mark ${mark} return;`];
  const user = `meta skuid ${uid}`;
  return [
    `udp dport 53 ip ttl ${hopLimit} ${user} return;`,
    `udp dport 53 ip6 hoplimit ${hopLimit} ${user} return;`,
    ...(tcp.length === 0 ? [] : [`tcp dport 53 tcp sport { ${tcp.join(', ')} } ${user} return;`]),
  ];
}

const priorityOf = (entry: RedirectEntry): number => entry.priority;

export class Nftables implements DnsBackend {
  readonly mode = 'nftables';
  readonly #system: System;
  readonly #journal: LinuxJournal;
  readonly #table: OwnedTable;
  readonly #uid: number;
  readonly #upstreams: () => Upstreams;
  readonly #mark: () => number | undefined;

  /**
   * `uid`: whom the session runs as.  `mark`: of its sockets (`Outside`).  `upstreams`: the servers that the resolver asks.
   * `died`: the child, and the redirect with it, ended unasked.
   */
  constructor(
    system: System,
    journal: LinuxJournal,
    uid: number,
    mark: () => number | undefined,
    upstreams: () => Upstreams,
    died: (error: MirrordError) => void,
  ) {
    this.#uid = uid;
    this.#mark = mark;
    this.#system = system;
    this.#journal = journal;
    this.#upstreams = upstreams;
    this.#table = new OwnedTable(tableName(journal.name), () =>
      died(
        new MirrordError('host', 'redirect-lost', 'The nft process that holds the DNS redirect has ended.', {
          help: 'Start again with: sudo mirrord up',
        }),
      ),
    );
  }

  async obstacle(): Promise<string | undefined> {
    const table = `${tableName(this.#journal.name)}_check`;
    // Checked by the kernel and not committed.  As an argument: nft 1.0.9 takes no rules from a socket, as stdin is here.
    const exempt = { sessions: [{ uid: 0, hopLimit: 1, tcp: [1] }], users: [] };
    const result = await this.#system
      .run('nft', ['-c', redirectTable(table, [{ server: '127.0.0.1', port: 53 }], exempt, null)])
      .catch((error: Error) => ({ code: 1, stderr: error.message }));
    if (result.code !== 0) return `nftables does not work here: ${result.stderr.trim().split('\n')[0]}`;
    const scoped = this.#upstreams().asked.find((server) => server.includes('%'));
    if (scoped !== undefined) return `the name server ${scoped} is a link-local address, which cannot be redirected`;
    const root = this.#localServers().find(({ uid }) => uid === 0);
    return (
      root &&
      `the DNS server at ${root.server} runs as root, so its own questions cannot be told from those of other programs`
    );
  }

  weakness(): string | undefined {
    if (asksResolved(this.#system))
      return 'glibc programs ask systemd-resolved (/etc/nsswitch.conf), which a redirect does not catch';
    const { search } = this.#upstreams();
    // `web.corp.example` is all that is seen, whichever of the two was typed.
    return search.length === 0
      ? undefined
      : `with a redirect ${hiding(search)}, unless the server of ${search[0]} is silent`;
  }

  async holds(): Promise<boolean> {
    return true; // no other process can change the table, and its end ends the session
  }

  async apply(state: DnsState): Promise<string> {
    const users = [...new Set(this.#localServers().map(({ uid }) => uid))];
    const mark = this.#mark();
    const exemption = { uid: this.#uid, ...state.exempt, ...defined({ mark }) };
    const others = this.#journal.otherRedirects();
    const priority = this.#journal.redirect()?.priority ?? Math.min(PRIORITY + 1, ...others.map(priorityOf)) - 1;
    const older = others.filter((other) => priorityOf(other) > priority);
    this.#journal.writeRedirect({ priority, exemption });
    const exempt = { sessions: [exemption, ...older.map((other) => other.exemption)], users };
    // The session's word alone takes no other server's questions.
    const { asked } = this.#upstreams();
    const redirects = state.redirects.filter(({ server }) => asked.includes(server));
    const write: TableText = (zone) => redirectTable(tableName(this.#journal.name), redirects, exempt, zone, priority);
    const reason = this.#reason(redirects);
    if (this.#table.holds(write)) return reason;
    const [strangers] = await Promise.all([this.#otherRedirects(), this.#table.put(write)]);
    return strangers.length === 0 ? reason : `${reason}, in front of the redirect of ${strangers.join(', ')}`;
  }

  async undo(): Promise<void> {
    await this.#table.drop();
    this.#journal.clearRedirect();
  }

  #reason(redirects: readonly DnsRedirect[]): string {
    const servers = redirects.map(({ server }) => server).join(', ') || 'no server';
    return `nftables redirect of questions to ${servers}; the search list of /etc/resolv.conf stays as it is`;
  }

  #localServers(): readonly { server: string; uid: number }[] {
    const owners = socketOwners(this.#system);
    const { servers, ownAddresses } = this.#upstreams();
    return servers
      .filter((server) => isLoopback(server) || ownAddresses.includes(server))
      .flatMap((server) => owners(server).map((uid) => ({ server, uid })));
  }

  /** Tables with a NAT of their own for port 53 (not a session's). */
  async #otherRedirects(): Promise<readonly string[]> {
    const result = await this.#system.run('nft', ['list', 'ruleset']);
    return natTables(result.stdout).filter((table) => !table.includes(' mirrord_'));
  }
}

/** What has put a domain behind a name cannot be told from one who means the whole. */
export const hiding = ([first = '', ...more]: readonly string[]): string =>
  `a single-label name is looked up in ${[first, ...more].join(', ')} first, so that web.${first} hides the service web`;

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
