/**
 * What the session starts stays outside it: the session's own connections, and those of credential plugins.
 *
 * A plugin's login server may lie in a range that the session has routed.  Through a tunnel that waits for just this
 * login, it could never be reached.
 *
 * The session process is moved into a cgroup of its own, below the one that the host is in (so the user's login session,
 * its limits and its end hold as before).  What it starts is born there, and only root can bring others in.  Sockets of the
 * cgroup carry a firewall mark from the start; a policy rule (`network/policy-routing.ts`) leads the mark past the session's routes,
 * and the redirect of DNS (`dns/nftables.ts`) lets it pass.
 *
 * A cgroup outlives every process, hence the journal's entry.
 */
import { closeSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import { loadAddon } from '../../../native/addon.ts';
import type { LinuxJournal } from '../journal/linux-journal.ts';
import { ownCgroup, removeCgroup } from '../system/cgroups.ts';
import type { System } from '../system/system.ts';

export class Outside {
  readonly #system: System;
  readonly #journal: LinuxJournal;
  #folder: string | undefined;
  #mark: number | undefined;
  #obstacle: string | undefined;

  constructor(system: System, journal: LinuxJournal) {
    this.#system = system;
    this.#journal = journal;
  }

  /** Undefined: nothing is marked. */
  get mark(): number | undefined {
    return this.#mark;
  }

  /** Why nothing is marked, in plain words; undefined when it is. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** Makes the cgroup.  Never throws: where it cannot be had (containers, old kernels), `obstacle` says why. */
  open(mark: number): void {
    const { files } = this.#system;
    try {
      const parent = ownCgroup(files)?.folder;
      if (parent === undefined) throw new Error('no cgroup2 is mounted');
      const folder = `${parent}/mirrord.${basename(this.#journal.folder)}`;
      this.#journal.writeOutside({ folder, parent });
      // Of a session whose journal is lost (its /run was a container's), and whose network's number has been given out again.
      removeCgroup(files, folder, parent);
      files.makeFolder(folder);
      const fd = openSync(files.path(folder), 'r');
      try {
        loadAddon().markSockets(fd, mark);
      } finally {
        closeSync(fd);
      }
      this.#folder = folder;
      this.#mark = mark;
    } catch (error) {
      this.#giveUp(error as Error);
    }
  }

  /** Before the process makes its first socket. */
  take(pid: number): void {
    if (this.#folder === undefined) return;
    try {
      this.#system.files.tell(`${this.#folder}/cgroup.procs`, String(pid));
    } catch (error) {
      this.#giveUp(error as Error);
    }
  }

  #giveUp(error: Error): void {
    this.#obstacle = error.message;
    this.#mark = undefined;
    this.#folder = undefined;
    playBackOutside(this.#system, this.#journal);
  }
}

/**
 * Removes the session's cgroup.  What a credential plugin has left running (a browser, an agent that caches) goes on in the
 * cgroup above.  Notes when it had to stay.
 */
export function playBackOutside({ files }: System, journal: LinuxJournal): readonly string[] {
  const entry = journal.outside();
  if (entry === undefined) return [];
  const isGone = removeCgroup(files, entry.folder, entry.parent);
  journal.clearOutside();
  return isGone ? [] : [`The cgroup ${entry.folder} could not be removed: processes in it cannot be moved.`];
}
