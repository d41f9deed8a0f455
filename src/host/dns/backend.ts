import type { DnsMode, DnsState } from '../../ipc/protocol.ts';

/** One way to lead the machine's DNS questions to us. */
export interface DnsBackend {
  readonly mode: DnsMode;
  /** Why it cannot work here, in a few words; undefined when it can.  Changes nothing. */
  obstacle(state: DnsState): Promise<string | undefined>;
  /** Idempotent.  Resolves to what is worth telling about it. */
  apply(state: DnsState): Promise<string>;
  undo(): Promise<void>;
}
