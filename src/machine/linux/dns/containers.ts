/**
 * Cluster names for those who come in by this machine: containers and virtual machines on its bridges.
 *
 * They ask name servers by themselves: their packets are forwarded and never pass the way that this machine's own
 * questions take.  So what they ask of this machine's name servers, which container runtimes hand on to them, is translated
 * to the resolver's virtual address.  Questions to any other server go there.  Questions to
 * this machine itself (a bridge's own name server) are left alone: that server's questions take the machine's way.  So
 * are those of a container that is the machine's own name server: they would come back to it.
 */
import { parseAddress, isLoopback } from '../../../net/index.ts';
import type { DnsState } from '../../dns-state.ts';
import type { System } from '../system/system.ts';
import { type Admission, passOthers } from '../network/admission.ts';
import { OwnedTable, type TableText, tableName } from '../nftables/owned-table.ts';
import { PRIORITY, type Upstreams } from './nftables.ts';
import { questionsTo, zoneChain } from './question-rules.ts';

/**
 * Docker's (daemon/libnetwork, `resolvconf`): what it gives to containers where all servers of the machine are loopback
 * ones, which no container reaches.
 */
const DOCKER_SERVERS = ['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'];

/** Whom containers ask on a machine whose programs ask these. */
export function containerServers(asked: readonly string[]): readonly string[] {
  const reachable = asked.filter((server) => !isLoopback(server) && !server.includes('%'));
  return reachable.length > 0 ? reachable : DOCKER_SERVERS;
}

/** `asked`: the servers whose questions are taken; `exempt`: containers whose questions stay as they are. */
export function containersTable(
  table: string,
  admission: Admission,
  servers: readonly string[],
  asked: readonly string[],
  exempt: readonly string[],
  zone: number | null,
): string {
  const to = servers.flatMap((server) => {
    const isV6 = server.includes(':');
    return asked
      .filter((each) => each.includes(':') === isV6)
      .flatMap(questionsTo)
      .map((match) => `${match} dnat ${isV6 ? 'ip6' : 'ip'} to ${server};`);
  });
  const passes = [
    ...passOthers(admission),
    'fib daddr type local return;',
    ...exempt.map((source) => `${source.includes(':') ? 'ip6' : 'ip'} saddr ${source} return;`),
  ];
  return [
    `table inet ${table} { flags owner;`,
    ...zoneChain('prerouting', passes, asked.flatMap(questionsTo), zone),
    `chain in { type nat hook prerouting priority ${PRIORITY};`,
    ...passes,
    ...to,
    '}; }',
  ].join(' ');
}

export class Containers {
  readonly #system: System;
  readonly #name: string;
  readonly #table: OwnedTable;
  #admission: Admission = { devices: [], ranges: [] };
  /** The resolver's addresses; none when names are left alone. */
  #servers: readonly string[] = [];
  #upstreams: Pick<Upstreams, 'servers' | 'asked'> = { servers: [], asked: [] };

  constructor(system: System, session: string) {
    this.#system = system;
    this.#name = `${tableName(session)}_containers`;
    // Without it containers ask as they did before: no reason to end the session.
    this.#table = new OwnedTable(this.#name, () => {});
  }

  /** Resolves to why it cannot be done, in a few words. */
  apply({ mode, servers }: DnsState, upstreams: Upstreams): Promise<string | undefined> {
    this.#servers = mode === 'off' ? [] : servers;
    this.#upstreams = upstreams;
    return this.#put();
  }

  /** Others come in now. */
  async admit(admission: Admission): Promise<void> {
    this.#admission = admission;
    await this.#put();
  }

  async #put(): Promise<string | undefined> {
    const { devices, ranges } = this.#admission;
    if (this.#servers.length === 0 || devices.length + ranges.length === 0) {
      await this.undo();
      return undefined;
    }
    try {
      const exempt = new Set(
        [...this.#upstreams.servers, ...publishedServers(this.#system)].filter((server) => !server.includes('%')),
      );
      const asked = containerServers(this.#upstreams.asked);
      const write: TableText = (zone) =>
        containersTable(this.#name, this.#admission, this.#servers, asked, [...exempt], zone);
      await this.#table.put(write);
      return undefined;
    } catch (error) {
      return `containers do not get cluster names: ${(error as Error).message}`;
    }
  }

  undo(): Promise<void> {
    return this.#table.drop();
  }
}

/**
 * Containers that answer at port 53 of this machine: Docker starts a proxy for each published port, and tells it where.
 * Root's alone are looked at: any user may have a process of that name, whose arguments keep their reader waiting (FUSE).
 */
export function publishedServers({ files }: System): readonly string[] {
  return files
    .list('/proc')
    .filter(
      (pid) =>
        /^\d+$/.test(pid) &&
        files.read(`/proc/${pid}/comm`)?.trim() === 'docker-proxy' &&
        /^Uid:\t0\t0\t/m.test(files.read(`/proc/${pid}/status`) ?? ''),
    )
    .flatMap((pid) => {
      const words = (files.read(`/proc/${pid}/cmdline`) ?? '').split('\0');
      const value = (flag: string): string => words[words.indexOf(flag) + 1] ?? '';
      const address = value('-container-ip');
      return value('-host-port') === '53' && parseAddress(address) !== null ? [address] : [];
    });
}
