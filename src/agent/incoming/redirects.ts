/** The table in the kernel, made equal to what is wished; it goes with this process, however that ends. */
import { removalBatch } from '../../netlink/nftables.ts';
import { NetlinkError, type NetlinkSocket } from '../../netlink/socket.ts';
import type { IncomingProblem } from '../../peer/incoming.ts';
import { type Redirection, incomingTable, tableName } from './table.ts';

/** Of asm-generic/errno-base.h. */
const EPERM = 1;

export class IncomingError extends Error {
  readonly problem: IncomingProblem;

  constructor(problem: IncomingProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

export class Redirects {
  readonly #socket: NetlinkSocket;
  readonly #slot: number;
  #isMade = false;

  constructor(socket: NetlinkSocket, slot: number) {
    this.#socket = socket;
    this.#slot = slot;
  }

  /** All of them, each time.  Throws an IncomingError; the table is then as it was. */
  set(redirections: readonly Redirection[]): void {
    try {
      this.#socket.request(incomingTable(this.#slot, redirections));
      this.#isMade = true;
    } catch (error) {
      throw error instanceof NetlinkError ? explain(error) : error;
    }
  }

  /** Takes the table away, so that another session can have the target: translated connections end with it. */
  drop(): void {
    if (!this.#isMade) return;
    this.#isMade = false;
    this.#socket.request(removalBatch(tableName(this.#slot)));
  }
}

/** Without the capability the batch as a whole is refused, by its first message; another's table by the one that names it. */
function explain({ sequence, errno }: NetlinkError): IncomingError {
  if (errno !== EPERM)
    return new IncomingError('unsupported', `the kernel refuses the nftables table (errno ${errno})`);
  if (sequence === 0)
    return new IncomingError('forbidden', 'the agent may not change the network (it lacks CAP_NET_ADMIN)');
  return new IncomingError('taken', 'another session already takes the incoming traffic of this target');
}
