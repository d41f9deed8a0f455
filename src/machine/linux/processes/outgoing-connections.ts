/**
 * TCP connections that begin on this machine, told apart from those that a server on it has accepted.
 *
 * With everything routed, the answers of servers on this machine have to go back the way that their questions came, or an
 * ssh session would end with `mirrord up`.  They are known by their source, an address of this machine's own; but programs
 * may bind themselves to one, too (`curl --interface 192.168.1.2`).  Only connect(2) knows which is which, so that is where
 * a firewall mark is given (`native-helpers/connections.c`).  UDP has no such moment: a server may well connect its socket
 * to who has asked.
 *
 * The kernel takes the programs away with their descriptors, however this process ends.
 */
import { closeSync, openSync } from 'node:fs';
import { loadAddon } from '../../../native/addon.ts';
import { ownCgroup } from '../system/cgroups.ts';
import type { System } from '../system/system.ts';

/**
 * For the reverse path check (the kernel's ip-sysctl.rst, rp_filter): any way back will do.  It asks for the way without the
 * mark, which leads past the TUN.  Of the two values, all interfaces' and this one's, the greater one holds.
 */
const LOOSE = '2';

export class OutgoingConnections {
  readonly #system: System;
  #descriptors: readonly number[] = [];
  #mark: number | undefined;
  #obstacle: string | undefined;

  constructor(system: System) {
    this.#system = system;
  }

  /** Undefined: nothing is marked. */
  get mark(): number | undefined {
    return this.#mark;
  }

  /** Why nothing is marked, in plain words; undefined when it is, or has not been wanted. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** Does nothing the second time.  Never throws: where it cannot be had (containers, old kernels), `obstacle` says why. */
  open(tun: string, mark: number): void {
    if (this.#mark !== undefined || this.#obstacle !== undefined) return;
    const { files } = this.#system;
    try {
      const cgroup = ownCgroup(files);
      if (cgroup === undefined) throw new Error('no cgroup2 is mounted');
      files.tell(`/proc/sys/net/ipv4/conf/${tun}/rp_filter`, LOOSE);
      this.#attach(files.path(cgroup.root), mark);
      this.#mark = mark;
    } catch (error) {
      this.close();
      this.#obstacle = (error as Error).message;
    }
  }

  close(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
    this.#descriptors = [];
    this.#mark = undefined;
  }

  #attach(folder: string, mark: number): void {
    const fd = openSync(folder, 'r');
    try {
      for (const family of [4, 6] as const) {
        this.#descriptors = [...this.#descriptors, loadAddon().markConnections(fd, mark, family)];
      }
    } finally {
      closeSync(fd);
    }
  }
}
