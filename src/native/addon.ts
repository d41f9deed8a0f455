/** Loads and types the addon of `native-helpers/`: what Node does not offer of the kernel. */
import { createRequire } from 'node:module';
import { MirrordError } from '../errors.ts';
import { builtFile, builtName } from './built-file.ts';

declare const reader: unique symbol;
/** Opaque; closed for good by `closeReader`. */
export interface PacketReader {
  readonly [reader]: true;
}

/** Wrong arguments throw a TypeError; failed system calls an Error with `code`, `errno` and `syscall`. */
export interface Addon {
  /** `%d` in the name becomes the first free number.  The interface lives as long as the descriptor. */
  openTun(name: string): { readonly fd: number; readonly name: string; readonly uso: boolean };
  /** One packet, gathered; returns 0 or the errno. */
  send(
    fd: number,
    header: Uint8Array,
    headerLength: number,
    chunks: readonly Uint8Array[],
    chunkIndex: number,
    chunkOffset: number,
    payloadLength: number,
  ): number;
  /** Starts to read; `callback` gets the number of packets, or a negative errno when reading has ended. */
  openReader(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    callback: (count: number) => void,
  ): PacketReader;
  pauseReader(reader: PacketReader): void;
  resumeReader(reader: PacketReader): void;
  closeReader(reader: PacketReader): void;
  /** flock(2), exclusive; false while another one holds it.  Held until the descriptor is closed, at the latest by death. */
  tryLock(fd: number): boolean;
  /** SO_PEERCRED of a connected unix socket: the process that connected; to that one, the process that listens. */
  peerCredentials(fd: number): PeerCredentials;
  /** Every socket that a process of the cgroup makes from now on carries the mark; `fd` is the cgroup's folder. */
  markSockets(fd: number, mark: number): void;
  /**
   * TCP connections that programs of the cgroup begin carry the mark, by IPv4 those from an address that they are bound to,
   * until the descriptor that it returns is closed, at the latest by death.  This network namespace alone.
   */
  markConnections(fd: number, mark: number, family: 4 | 6): number;
  /** A socket of netlink(7) as a descriptor that does not block; `protocol` as in linux/netlink.h. */
  openNetlink(protocol: number): number;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const NAME = 'mirrord.node';

let loaded: Addon | undefined;

export function loadAddon(): Addon {
  if (loaded) return loaded;
  const file = builtFile(NAME);
  if (file === undefined) {
    throw new MirrordError('host', 'addon-missing', `The native helper (${builtName(NAME)}) has not been built.`, {
      help: "Run `sh native-helpers/build.sh` in mirrord's folder; it needs a C compiler (Debian: apt-get install gcc libc6-dev).",
    });
  }
  try {
    loaded = createRequire(import.meta.url)(file) as Addon;
  } catch (cause) {
    throw new MirrordError(
      'host',
      'addon-unusable',
      `The helper ${file} cannot be loaded: ${(cause as Error).message}.`,
      {
        help: 'It was probably built on another machine: delete native-helpers/build and run `sh native-helpers/build.sh`.',
        cause,
      },
    );
  }
  return loaded;
}
