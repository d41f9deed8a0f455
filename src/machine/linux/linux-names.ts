/** How programs find names in one session: by systemd-resolved, a redirect, or resolv.conf. */
import type { MirrordError } from '../../errors.ts';
import type { DnsInForce, DnsState } from '../dns-state.ts';
import type { MachineFacts } from '../facts.ts';
import type { ProgramSearch } from '../../names/program-search.ts';
import type { Names } from '../session-machine.ts';
import { Containers } from './dns/containers.ts';
import { DnsManager } from './dns/manager.ts';
import { Nftables, type Upstreams } from './dns/nftables.ts';
import { readProgramSearch } from './dns/program-search.ts';
import { ResolvConfFile } from './dns/resolv-conf-file.ts';
import { Resolved } from './dns/resolved.ts';
import { readDns } from './facts.ts';
import type { LinuxJournal } from './journal/linux-journal.ts';
import type { Admission } from './network/admission.ts';
import type { System } from './system/system.ts';
import { whenAll } from '../../turns.ts';

export interface NamesOptions {
  readonly tun: string;
  /** Whom the session runs as. */
  readonly uid: number;
  /** Firewall mark of the session's own sockets; undefined: they have none. */
  readonly mark: () => number | undefined;
  /** The redirect has gone, unasked. */
  readonly lost: (error: MirrordError) => void;
}

export class LinuxNames implements Names {
  readonly #system: System;
  readonly #journal: LinuxJournal;
  readonly #manager: DnsManager;
  readonly #containers: Containers;
  readonly #resolvConf: ResolvConfFile;
  #servers: readonly string[] = [];
  /** The last wish. */
  #wished: DnsState | undefined;
  #upstreams: Upstreams = { servers: [], asked: [], search: [], ownAddresses: [] };

  constructor(system: System, journal: LinuxJournal, { tun, uid, mark, lost }: NamesOptions) {
    this.#system = system;
    this.#journal = journal;
    this.#resolvConf = new ResolvConfFile(system, journal);
    this.#containers = new Containers(system, journal.name);
    const redirect = new Nftables(system, journal, uid, mark, () => this.#upstreams, lost);
    this.#manager = new DnsManager([new Resolved(system, journal, tun, redirect), redirect, this.#resolvConf]);
  }

  /** The resolver's own addresses. */
  get servers(): readonly string[] {
    return this.#servers;
  }

  /** Whom the machine asks, and which addresses it has, as it was read just now. */
  learn({ dns: { servers, asked, search }, addresses }: MachineFacts): void {
    const ownAddresses = addresses.map(({ address }) => address.replace(/\/\d+$/, ''));
    this.#upstreams = { servers, asked, search, ownAddresses };
  }

  async apply(state: DnsState): Promise<DnsInForce> {
    // The servers may be others by now; the addresses have been read for the routes just before.
    const { servers, asked, search } = readDns(this.#system, this.#journal, this.#servers);
    this.#upstreams = { ...this.#upstreams, servers, asked, search };
    this.#wished = state;
    this.#servers = state.servers;
    const containers = this.#containers.apply(state, this.#upstreams); // never rejects
    try {
      const taken = await this.#manager.apply(state);
      const without = await containers;
      return without === undefined ? taken : { ...taken, reason: `${taken.reason}; ${without}`, isNotable: true };
    } finally {
      // No change goes on behind a failure.
      await containers;
    }
  }

  search(): ProgramSearch {
    return readProgramSearch(this.#system);
  }

  async holds(): Promise<boolean> {
    return this.#wished === undefined || this.#manager.holds(this.#wished);
  }

  /** Others come in now.  Never rejects. */
  admit(admission: Admission): Promise<void> {
    return this.#containers.admit(admission);
  }

  takeBack(): Promise<void> {
    return whenAll([this.#manager.undo(), this.#containers.undo()]);
  }

  /** What `takeBack` could not make as it was. */
  get notes(): readonly string[] {
    return this.#resolvConf.notes;
  }
}
