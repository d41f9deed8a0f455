/**
 * Cluster names for containers and virtual machines on a bridge of this machine.
 *
 * They ask name servers by themselves: their packets are forwarded and never pass the way that this machine's own
 * questions take.  So what a bridge hands on to port 53 is translated to the resolver's virtual address.  Questions to
 * this machine itself (a bridge's own name server) are left alone: that server's questions take the machine's way.
 */
import type { DnsState } from '../../ipc/protocol.ts';
import { HeldTable } from './held-table.ts';
import { PRIORITY, tableName } from './nftables.ts';

export function containersTable(table: string, servers: readonly string[]): string {
  const to = servers.flatMap((server) => {
    const family = server.includes(':') ? 'ip6' : 'ip';
    return ['udp', 'tcp'].map((protocol) => `${protocol} dport 53 dnat ${family} to ${server};`);
  });
  return [
    `table inet ${table} { flags owner;`,
    `chain in { type nat hook prerouting priority ${PRIORITY};`,
    'meta iifkind != "bridge" return;',
    'fib daddr type local return;',
    ...to,
    '}; }',
  ].join(' ');
}

export class Containers {
  readonly #name: string;
  readonly #table: HeldTable;

  constructor(session: string) {
    this.#name = `${tableName(session)}_containers`;
    // Without it containers ask as they did before: no reason to end the session.
    this.#table = new HeldTable(this.#name, () => {});
  }

  /** Resolves to why it cannot be done, in a few words. */
  async apply({ mode, servers }: DnsState): Promise<string | undefined> {
    if (mode === 'off') {
      await this.undo();
      return undefined;
    }
    try {
      await this.#table.put(containersTable(this.#name, servers));
      return undefined;
    } catch (error) {
      return `containers do not get cluster names: ${(error as Error).message}`;
    }
  }

  undo(): Promise<void> {
    return this.#table.drop();
  }
}
