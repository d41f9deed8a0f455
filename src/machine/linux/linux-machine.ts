/**
 * Linux, changed by root: an interface by /dev/net/tun, routes and rules by `ip`, names by systemd-resolved, nftables or
 * resolv.conf.
 */
import type { MachineFacts, NetworkTargetFacts } from '../facts.ts';
import type { Files } from '../files.ts';
import type { Journal } from '../journal.ts';
import type { Machine, OpenTun, Probes } from '../machine.ts';
import type { SessionMachine, SessionSetup } from '../session-machine.ts';
import { readFacts } from './facts.ts';
import { LinuxJournal } from './journal/linux-journal.ts';
import { LinuxProcesses } from './linux-processes.ts';
import { LinuxRestorer } from './linux-restorer.ts';
import { LinuxSession } from './linux-session.ts';
import type { System } from './system/system.ts';
import { openTarget, readTarget } from './target.ts';
import { openTun } from './tun.ts';

/** No session: no interface of ours to leave out, no resolver of ours among the servers. */
const NO_TUN = '';

export class LinuxMachine implements Machine {
  readonly files: Files;
  readonly probes: Probes;
  readonly processes: LinuxProcesses;
  readonly restorer: LinuxRestorer;
  readonly #system: System;

  constructor(system: System) {
    this.#system = system;
    this.files = system.files;
    this.probes = system.probes;
    this.processes = new LinuxProcesses(system);
    this.restorer = new LinuxRestorer(system);
  }

  facts(journal: Journal): Promise<MachineFacts> {
    return readFacts(this.#system, new LinuxJournal(journal), NO_TUN, []);
  }

  async targetFacts(target: string, journal: Journal, reader: readonly string[]): Promise<NetworkTargetFacts> {
    const system = this.#system;
    // Without root's rights there are no others to take on.
    const user = await this.processes.invokingUser(system.probes.uid() === 0 ? process.env : {});
    return readTarget(system, await openTarget({ system, user, reader }, target), await this.facts(journal));
  }

  openTun(): OpenTun {
    return openTun(this.#system);
  }

  open(setup: SessionSetup): SessionMachine {
    return new LinuxSession(this.#system, setup);
  }
}
