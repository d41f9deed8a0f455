/**
 * A netlink socket by its descriptor.  Node cannot open one (`openNetlink` of the addon, or native-helpers/launch, does), but
 * reads and writes it like a file.  The kernel answers within the write, so that nothing has to be waited for: the
 * descriptor does not block.
 */
import { readSync, writeSync } from 'node:fs';
import { decodeMessages, type Message, NLMSG_DONE, NLMSG_ERROR } from './message.ts';

/** Protocols, of linux/netlink.h. */
export const NETLINK = { sockDiag: 4, netfilter: 12 } as const;

/** A dump comes in pieces of 32 kB at most (netlink_dump in net/netlink/af_netlink.c). */
const READ_BYTES = 64 * 1024;
const ERRNO_LENGTH = 4;

/** The kernel refuses.  `sequence` says which message, `errno` is positive. */
export class NetlinkError extends Error {
  readonly sequence: number;
  readonly errno: number;

  constructor(sequence: number, errno: number) {
    super(`netlink: errno ${errno}`);
    this.sequence = sequence;
    this.errno = errno;
  }
}

export class NetlinkSocket {
  readonly #fd: number;
  readonly #read = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Sends one or several messages; throws a NetlinkError when one of them is refused. */
  request(messages: Uint8Array): void {
    Array.from(this.ask(messages)); // acknowledgements say no more than that nothing was refused
  }

  /** The same for a question; its answers are valid until the next one is taken. */
  *ask(messages: Uint8Array): Generator<Message> {
    writeSync(this.#fd, messages);
    let refused: NetlinkError | undefined;
    for (;;) {
      const length = this.#next();
      if (length === 0) break;
      for (const message of decodeMessages(this.#read.subarray(0, length))) {
        if (message.type === NLMSG_DONE) continue;
        if (message.type !== NLMSG_ERROR) yield message;
        else refused ??= refusalIn(message);
      }
    }
    if (refused !== undefined) throw refused;
  }

  /** 0 when the kernel has said everything. */
  #next(): number {
    try {
      return readSync(this.#fd, this.#read);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  }
}

/** An acknowledgement is an error with the number 0 (struct nlmsgerr). */
function refusalIn({ body, sequence }: Message): NetlinkError | undefined {
  const errno = body.length < ERRNO_LENGTH ? 0 : -body.readInt32LE(0);
  return errno === 0 ? undefined : new NetlinkError(sequence, errno);
}
