/**
 * The entries that Linux needs to take a session's changes back.  `playback.ts` reads them.
 *
 * What dies with a descriptor (the TUN and its routes, settings of the link, the nftables table) has no entry.
 */
import type { Journal } from '../../journal.ts';
import type { BoundFlow } from '../../network-state.ts';
import type { OtherSession } from '../../shared-ranges.ts';
import { socketsOf } from '../network/sockets.ts';
import type { NetworkEntry, OutsideEntry, RedirectEntry, ResolvConfEntry } from './entries.ts';

/** Entries that are gone with the routes, the undo batches aside. */
const OF_THE_NETWORK: readonly string[] = ['network.json', 'bound.json', 'reserved.json'];

export class LinuxJournal {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get name(): string {
    return this.#journal.name;
  }

  get networkNamespace(): string {
    return this.#journal.networkNamespace;
  }

  get folder(): string {
    return this.#journal.folder;
  }

  get pid(): number | undefined {
    return this.#journal.pid();
  }

  writeNetwork(entry: NetworkEntry): void {
    // The batches are entries of their own, so that the guard's shell can hand them over without reading them.  They
    // carry the process's number, so that it never plays back those of a successor.
    this.#write('network.json', entry);
    for (const family of [4, 6] as const) {
      this.#journal.write(undoName(process.pid, family), undoBatch(entry, family));
    }
    this.#writeSockets();
  }

  network(): NetworkEntry | undefined {
    return this.#read('network.json') as NetworkEntry | undefined;
  }

  /** Flows to end that are not known by their address; of the network, and gone with it. */
  writeBound(flows: readonly BoundFlow[]): void {
    if (this.network() === undefined) return;
    this.#write('bound.json', flows);
    this.#writeSockets();
  }

  /** The filter of the sockets that are the session's, for `ss`; empty: there are none. */
  sockets(): string {
    const bound = (this.#read('bound.json') ?? []) as readonly BoundFlow[];
    return socketsOf(this.network()?.addresses ?? [], bound);
  }

  /** Ranges that others must keep clear of from now on, whether they are routed yet or not. */
  writeReserved(ranges: readonly string[]): void {
    this.#write('reserved.json', ranges);
  }

  clearNetwork(): void {
    for (const entry of this.#journal.list()) {
      if (OF_THE_NETWORK.includes(entry) || entry.startsWith('undo-')) this.#journal.remove(entry);
    }
  }

  writeResolvConf(entry: ResolvConfEntry): void {
    this.#write('resolv-conf.json', entry);
  }

  resolvConf(): ResolvConfEntry | undefined {
    return this.#read('resolv-conf.json') as ResolvConfEntry | undefined;
  }

  clearResolvConf(): void {
    this.#journal.remove('resolv-conf.json');
  }

  /** That systemd-resolved has been told of the TUN's link, and may have written of it. */
  writeResolved(): void {
    this.#journal.write('resolved', '');
  }

  resolved(): boolean {
    return this.#journal.read('resolved') !== undefined;
  }

  clearResolved(): void {
    this.#journal.remove('resolved');
  }

  writeOutside(entry: OutsideEntry): void {
    this.#write('outside.json', entry);
  }

  outside(): OutsideEntry | undefined {
    return this.#read('outside.json') as OutsideEntry | undefined;
  }

  clearOutside(): void {
    this.#journal.remove('outside.json');
  }

  writeRedirect(entry: RedirectEntry): void {
    this.#write('redirect.json', entry);
  }

  redirect(): RedirectEntry | undefined {
    return this.#read('redirect.json') as RedirectEntry | undefined;
  }

  clearRedirect(): void {
    this.#journal.remove('redirect.json');
  }

  /** Ranges of the other live sessions in this network namespace, one entry each. */
  otherNetworks(): readonly OtherSession[] {
    return this.#neighbours().map((other) => ({ name: other.name, routes: other.#ranges() }));
  }

  /** Redirects of the same. */
  otherRedirects(): readonly RedirectEntry[] {
    return this.#neighbours()
      .map((other) => other.redirect())
      .filter((entry) => entry !== undefined);
  }

  /** Of all other sessions, in every network namespace, whether they live or not. */
  others(): readonly LinuxJournal[] {
    return this.#journal.others().map((other) => new LinuxJournal(other));
  }

  /** Every change has been taken back. */
  get clean(): boolean {
    return (
      this.network() === undefined &&
      this.resolvConf() === undefined &&
      this.outside() === undefined &&
      !this.resolved()
    );
  }

  #neighbours(): readonly LinuxJournal[] {
    return this.#journal.neighbours().map((other) => new LinuxJournal(other));
  }

  #ranges(): readonly string[] {
    const reserved = (this.#read('reserved.json') ?? []) as readonly string[];
    return [...new Set([...(this.network()?.routes ?? []), ...reserved])];
  }

  #writeSockets(): void {
    const filter = this.sockets();
    const entry = undoName(process.pid, 'sockets');
    // A name's route comes with every other answer; these stay the same.
    if (this.#journal.read(entry) !== filter) this.#journal.write(entry, filter);
  }

  #write(entry: string, value: object): void {
    this.#journal.write(entry, JSON.stringify(value));
  }

  #read(entry: string): unknown {
    const text = this.#journal.read(entry);
    return text === undefined ? undefined : JSON.parse(text);
  }
}

/** Lines for `ip -FAMILY -force -batch`; the link goes once, with the first of the families. */
export const undoBatch = ({ tun, undo }: NetworkEntry, family: 4 | 6): string =>
  [...(family === 4 ? [`link del ${tun}`] : []), ...undo[family], ''].join('\n');

/** Beside the batches: the filter of the sockets to end. */
export const undoName = (pid: number, part: 4 | 6 | 'sockets'): string => `undo-${pid}.${part}`;
