/** How this machine's names come to the resolver just now: what was wished last, and what the host part has made of it. */
import type { HostOperations } from '../ipc/protocol.ts';
import type { DnsInForce, DnsState } from '../machine/dns-state.ts';
import { Latest } from './latest.ts';

export class TakeOver {
  readonly #wishes: Latest<DnsState, DnsInForce>;
  readonly #warn: (text: string) => void;
  #taken: DnsInForce = { mode: 'off', reason: 'not yet taken over', isNotable: false };

  constructor(host: HostOperations, warn: (text: string) => void) {
    this.#wishes = new Latest((state) => host.dns(state));
    this.#warn = warn;
  }

  get now(): DnsInForce {
    return this.#taken;
  }

  get isOff(): boolean {
    return this.#taken.mode === 'off';
  }

  /** `isMending`: another program had taken away what was there; where it is put back as it was, that is said. */
  async set(state: DnsState, isMending: boolean): Promise<void> {
    const before = this.#taken.mode;
    const { mode, reason } = (this.#taken = await this.#wishes.set(state));
    if (before === 'off') return;
    if (mode !== before) {
      this.#warn(`Names come another way now, since programs ask others than before: ${reason}.`);
    } else if (isMending) {
      this.#warn(`Another program had changed this machine's DNS settings; names come here again: ${reason}.`);
    }
  }
}
