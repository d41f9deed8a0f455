import type { DnsMode, DnsState } from '../../dns-state.ts';

/** One way to lead the machine's DNS questions to us. */
export interface DnsBackend {
  readonly mode: DnsMode;
  /** Why it cannot work here, in a few words; undefined when it can.  Changes nothing. */
  obstacle(state: DnsState): Promise<string | undefined>;
  /**
   * What programs do not get by it, in a few words; undefined when they get all.  `auto` takes a way without a weakness
   * where there is one.
   */
  weakness(): string | undefined;
  /** Whether what `apply` has made is still there. */
  holds(): Promise<boolean>;
  /** Idempotent.  Resolves to what is worth telling about it. */
  apply(state: DnsState): Promise<string>;
  undo(): Promise<void>;
}
