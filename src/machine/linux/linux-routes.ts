/** Routes, rules and addresses of one session, by `ip`. */
import type { MachineFacts } from '../facts.ts';
import type { BoundFlow, Forwarded, NamedState, NetworkState, RouteQuestion } from '../network-state.ts';
import type { Routes } from '../session-machine.ts';
import { refuseSharedRanges } from '../shared-ranges.ts';
import type { LinuxJournal } from './journal/linux-journal.ts';
import { playBackNetwork } from './journal/playback.ts';
import { type Admission, admissionOf } from './network/admission.ts';
import { Network } from './network/network.ts';
import { routeTo } from './network/route-to.ts';
import { OutgoingConnections } from './processes/outgoing-connections.ts';
import type { Outside } from './processes/outside.ts';
import type { System } from './system/system.ts';

export class LinuxRoutes implements Routes {
  readonly #system: System;
  readonly #journal: LinuxJournal;
  readonly #network: Network;
  readonly #look: () => Promise<MachineFacts>;
  /** As soon as there are routes. */
  #forwarded: Forwarded | undefined;
  #admission: Admission | undefined;

  /** `look`: reads the machine again. */
  constructor(
    system: System,
    journal: LinuxJournal,
    tun: string,
    outside: Pick<Outside, 'mark' | 'obstacle'>,
    look: () => Promise<MachineFacts>,
  ) {
    this.#system = system;
    this.#journal = journal;
    this.#network = new Network(system, journal, tun, outside, new OutgoingConnections(system));
    this.#look = look;
  }

  /** Who comes in, as the machine was seen last; undefined before there are routes. */
  get admission(): Admission | undefined {
    return this.#admission;
  }

  prepare(): void {
    this.#network.prepare();
  }

  reserve(ranges: readonly string[]): boolean {
    const others = this.#journal.otherNetworks();
    refuseSharedRanges(this.#journal.name, ranges, others);
    this.#journal.writeReserved(ranges);
    return others.length === 0;
  }

  async apply(state: NetworkState): Promise<readonly string[]> {
    const [facts, rules] = await Promise.all([this.#look(), this.#network.listRules()]);
    const warnings = await this.#network.apply(state, facts, rules);
    this.#forwarded = state.forwarded;
    this.#admit(facts);
    return warnings;
  }

  async applyNames(state: NamedState): Promise<void> {
    try {
      await this.#network.applyNames(state);
    } catch {
      // The machine is not as it was: once more, after a look at it; what fails then has failed.
      await this.#network.reapply(await this.#look());
      await this.#network.applyNames(state);
    }
  }

  async reapply(): Promise<MachineFacts> {
    const facts = await this.#look();
    await this.#network.reapply(facts);
    this.#admit(facts);
    return facts;
  }

  deviceFor(question: RouteQuestion): Promise<string | null> {
    return routeTo(this.#system.run, question);
  }

  /** No other flow is ended on the session's word than one to where it could have reset it: into its own routes. */
  bound(flows: readonly BoundFlow[]): void {
    this.#journal.writeBound(flows.filter(({ destination }) => this.#network.leadsTo(destination.host)));
  }

  takeBack(): Promise<void> {
    this.#network.close();
    return playBackNetwork(this.#system, this.#journal);
  }

  #admit({ bridges }: MachineFacts): void {
    if (this.#forwarded !== undefined) this.#admission = admissionOf(this.#forwarded, bridges);
  }
}
