/**
 * Counts packets of other machines that would have gone to the cluster, had this machine sent them.
 *
 * The policy rules have sent them the machine's own way by then (`policy-routing.ts`), so that nothing depends on this table: it
 * drops what would only stray, and counts it.  Where nftables does not work, nothing is counted.
 */
import { OwnedTable, tableName } from './owned-table.ts';
import type { Run } from '../system/commands.ts';
import { type Admission, passAdmitted } from '../network/admission.ts';

/** Before the filters of others (0): Docker's drops most of what it did not ask for, uncounted. */
const PRIORITY = -10;

/** `fib` asks the rules as for a packet of this machine's own: whether that would enter the TUN. */
export const strangersTable = (table: string, tun: string, admission: Admission): string =>
  [
    `table inet ${table} { flags owner;`,
    `chain forward { type filter hook forward priority ${PRIORITY};`,
    ...passAdmitted(admission),
    `fib daddr oifname "${tun}" counter drop;`,
    '}; }',
  ].join(' ');

export class Strangers {
  readonly #run: Run;
  readonly #tun: string;
  readonly #name: string;
  readonly #table: OwnedTable;
  /** Of the tables that stood before this one. */
  #before = 0;

  constructor(run: Run, session: string, tun: string) {
    this.#run = run;
    this.#tun = tun;
    this.#name = `${tableName(session)}_strangers`;
    // Made again with the next change of the network.
    this.#table = new OwnedTable(this.#name, () => {});
  }

  /** Never rejects. */
  async apply(admission: Admission): Promise<void> {
    const write = (): string => strangersTable(this.#name, this.#tun, admission);
    if (this.#table.holds(write)) return;
    this.#before = (await this.count()) ?? this.#before;
    try {
      await this.#table.put(write);
    } catch {
      // They are kept out all the same, uncounted.
    }
  }

  /** Packets so far; null when they are not counted. */
  async count(): Promise<number | null> {
    const listed = await this.#run('nft', ['list', 'chain', 'inet', this.#name, 'forward']).catch(() => undefined);
    const packets = /counter packets (\d+)/.exec(listed?.stdout ?? '')?.[1];
    return packets === undefined ? null : this.#before + Number(packets);
  }

  drop(): Promise<void> {
    return this.#table.drop();
  }
}
