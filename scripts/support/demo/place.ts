/** Where the demo plays: a developer machine, and the services that it is to reach. */
import type { Machine } from '../../sandbox/index.ts';
import type { Session } from '../../sandbox/session.ts';

export interface Place {
  readonly introduction: string;
  readonly developer: Machine;
  /** Path of `bin/mirrord` on the developer machine. */
  readonly mirrord: string;
  /** Starts `sudo mirrord up ARGUMENTS`, whose output goes to the reader as it comes. */
  up(onOutput: (text: string) => void): Session;
  readonly upArguments: string;
  /** A service that speaks first, as `HOST PORT`. */
  readonly greeting: string;
  /** IPv4 address of payment-service. */
  readonly address: string;
  close(): Promise<void>;
}
