/**
 * Cluster names for containers and virtual machines on a bridge of this machine.
 *
 * They ask name servers by themselves: their packets are forwarded and never pass the way that this machine's own
 * questions take.  So what a bridge hands on to port 53 is translated to the resolver's virtual address.  Questions to
 * this machine itself (a bridge's own name server) are left alone: that server's questions take the machine's way.  So
 * are those of a container that is the machine's own name server: they would come back to it.
 */
import { parseAddress } from '../../net/index.ts';
import type { DnsState } from '../../ipc/protocol.ts';
import type { Machine } from '../machine/machine.ts';
import { HeldTable, zoneChain } from './held-table.ts';
import { PRIORITY, tableName } from './nftables.ts';

/** `exempt`: containers whose questions stay as they are. */
export function containersTable(
  table: string,
  servers: readonly string[],
  exempt: readonly string[],
  zone: number | null,
): string {
  const to = servers.flatMap((server) => {
    const family = server.includes(':') ? 'ip6' : 'ip';
    return ['udp', 'tcp'].map((protocol) => `${protocol} dport 53 dnat ${family} to ${server};`);
  });
  const passes = [
    'meta iifkind != "bridge" return;',
    'fib daddr type local return;',
    ...exempt.map((source) => `${source.includes(':') ? 'ip6' : 'ip'} saddr ${source} return;`),
  ];
  return [
    `table inet ${table} { flags owner;`,
    ...zoneChain('prerouting', passes, zone),
    `chain in { type nat hook prerouting priority ${PRIORITY};`,
    ...passes,
    ...to,
    '}; }',
  ].join(' ');
}

export class Containers {
  readonly #machine: Machine;
  readonly #name: string;
  readonly #table: HeldTable;

  constructor(machine: Machine, session: string) {
    this.#machine = machine;
    this.#name = `${tableName(session)}_containers`;
    // Without it containers ask as they did before: no reason to end the session.
    this.#table = new HeldTable(this.#name, () => {});
  }

  /** Resolves to why it cannot be done, in a few words. */
  async apply({ mode, servers }: DnsState, upstreams: readonly string[]): Promise<string | undefined> {
    if (mode === 'off') {
      await this.undo();
      return undefined;
    }
    try {
      const exempt = new Set(
        [...upstreams, ...publishedServers(this.#machine)].filter((server) => !server.includes('%')),
      );
      await this.#table.put((zone) => containersTable(this.#name, servers, [...exempt], zone));
      return undefined;
    } catch (error) {
      return `containers do not get cluster names: ${(error as Error).message}`;
    }
  }

  undo(): Promise<void> {
    return this.#table.drop();
  }
}

/** Containers that answer at port 53 of this machine: Docker starts a proxy for each published port, and tells it where. */
export function publishedServers({ files }: Machine): readonly string[] {
  return files
    .list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && files.read(`/proc/${pid}/comm`)?.trim() === 'docker-proxy')
    .flatMap((pid) => {
      const words = (files.read(`/proc/${pid}/cmdline`) ?? '').split('\0');
      const value = (flag: string): string => words[words.indexOf(flag) + 1] ?? '';
      const address = value('-container-ip');
      return value('-host-port') === '53' && parseAddress(address) !== null ? [address] : [];
    });
}
