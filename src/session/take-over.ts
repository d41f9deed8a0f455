/** How this machine's names come to the resolver just now: what was wished last, and what the host part has made of it. */
import type { HostOperations } from '../ipc/protocol.ts';
import type { DnsInForce, DnsState } from '../machine/dns-state.ts';
import type { ProgramSearch } from '../names/program-search.ts';
import { Coalescer } from './coalescer.ts';

export class TakeOver {
  readonly #wishes: Coalescer<DnsState, DnsInForce>;
  readonly #host: HostOperations;
  readonly #warn: (text: string) => void;
  #search: ProgramSearch = { search: [], ndots: 1, isStub: false, ofGlibc: null };
  #settled: Promise<unknown> = Promise.resolve();
  #taken: DnsInForce = { mode: 'off', reason: 'not yet taken over', isNotable: false };

  constructor(host: HostOperations, warn: (text: string) => void) {
    this.#wishes = new Coalescer((state) => host.dns(state));
    this.#host = host;
    this.#warn = warn;
  }

  get now(): DnsInForce {
    return this.#taken;
  }

  get isOff(): boolean {
    return this.#taken.mode === 'off';
  }

  /** How programs looked for a name when the last wish was in force. */
  get search(): ProgramSearch {
    return this.#search;
  }

  /** Resolves when no wish is on its way. */
  async settled(): Promise<void> {
    await this.#settled;
  }

  /** `isMending`: another program had taken away what was there; where it is put back as it was, that is said. */
  set(state: DnsState, isMending: boolean): Promise<void> {
    const set = this.#set(state, isMending);
    this.#settled = set.catch(() => undefined);
    return set;
  }

  async #set(state: DnsState, isMending: boolean): Promise<void> {
    const before = this.#taken.mode;
    const { mode, reason } = (this.#taken = await this.#wishes.set(state));
    this.#search = await this.#host.programSearch();
    if (before === 'off') return;
    if (mode !== before) {
      this.#warn(`DNS is taken over differently now, because programs ask other servers than before: ${reason}.`);
    } else if (isMending) {
      this.#warn(
        `Another program had changed this machine's DNS settings; they have been taken over again: ${reason}.`,
      );
    }
  }
}
