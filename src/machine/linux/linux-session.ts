/** This machine as one session changes it, by root. */
import type { MachineFacts } from '../facts.ts';
import type { SessionMachine, SessionSetup, TargetNetwork, Watch } from '../session-machine.ts';
import { readFacts } from './facts.ts';
import { LinuxJournal } from './journal/linux-journal.ts';
import { LinuxNames } from './linux-names.ts';
import { LinuxRoutes } from './linux-routes.ts';
import { Monitor } from './monitor.ts';
import { numbersOf } from './network/rule-numbers.ts';
import { Strangers } from './nftables/strangers.ts';
import { incomingIdentity, outgoingIdentity } from './processes/agent-identity.ts';
import { AgentProcess } from './processes/agent-process.ts';
import { Outside, playBackOutside } from './processes/outside.ts';
import { LINK_SETTINGS, watchedFiles } from './dns/watched.ts';
import type { System } from './system/system.ts';
import { openTarget, readTarget, refuseOwnNetwork } from './target.ts';
import { whenAll } from '../../turns.ts';

export class LinuxSession implements SessionMachine {
  readonly routes: LinuxRoutes;
  readonly names: LinuxNames;
  readonly #system: System;
  readonly #setup: SessionSetup;
  readonly #journal: LinuxJournal;
  readonly #outside: Outside;
  readonly #strangers: Strangers;

  constructor(system: System, setup: SessionSetup) {
    const { tun, user, lost } = setup;
    this.#system = system;
    this.#setup = setup;
    this.#journal = new LinuxJournal(setup.journal);
    this.#outside = new Outside(system, this.#journal);
    this.#strangers = new Strangers(system.run, this.#journal.name, tun);
    this.routes = new LinuxRoutes(system, this.#journal, tun, this.#outside, () => this.facts());
    this.names = new LinuxNames(system, this.#journal, {
      tun,
      uid: user.uid,
      mark: () => this.#outside.mark,
      lost,
    });
    this.#outside.open(numbersOf(tun).mark);
  }

  async facts(): Promise<MachineFacts> {
    const facts = await readFacts(this.#system, this.#journal, this.#setup.tun, this.names.servers);
    this.names.learn(facts);
    return facts;
  }

  async admit(): Promise<void> {
    const { admission } = this.routes;
    if (admission === undefined) return;
    await Promise.all([this.names.admit(admission), this.#strangers.apply(admission)]);
  }

  strangers(): Promise<number | null> {
    return this.#strangers.count();
  }

  async openTarget(name: string): Promise<TargetNetwork> {
    const system = this.#system;
    const { user, environment, reader } = this.#setup;
    const [target, here] = await Promise.all([openTarget({ system, user, reader }, name), this.facts()]);
    const facts = await readTarget(system, target, here);
    return {
      facts,
      startAgent: async (options) => {
        const isIncoming = options.role === 'incoming';
        if (isIncoming) refuseOwnNetwork(target);
        const { files } = system;
        const identity = isIncoming ? incomingIdentity(files, user) : outgoingIdentity(files, user, environment);
        return AgentProcess.start({ ...target, resolvConf: facts.resolvConf }, { ...options, ...identity });
      },
    };
  }

  watch(changed: () => void): Watch {
    return new Monitor(watchedFiles(this.#system), LINK_SETTINGS, changed);
  }

  keepOutside(pid: number): void {
    this.#outside.take(pid);
  }

  async takeBack(): Promise<readonly string[]> {
    await whenAll([this.routes.takeBack(), this.names.takeBack(), this.#strangers.drop()]);
    return this.names.notes;
  }

  close(): readonly string[] {
    return playBackOutside(this.#system, this.#journal);
  }
}
