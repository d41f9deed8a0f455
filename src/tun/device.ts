/**
 * The narrow interface between the kernel's TUN and the stack.
 *
 * Packets carry a `virtio_net_hdr` of `VNET_HEADER_LENGTH` bytes in front of the IP header (linux/virtio_net.h), both
 * ways, so that super-segments of up to 64 KB cross in one piece and no checksum is computed that the kernel would
 * throw away.  The real one is `kernel-device.ts`; tests have one
 * in memory.
 */

export { VNET_HEADER_LENGTH } from '../packet/index.ts';

/** What `TunDevice.header` must hold: vnet (10), IPv6 and a fragment header (48), TCP with all options (60). */
export const HEADER_CAPACITY = 128;

/** One wake-up's worth of packets.  Everything in it is valid only until the callback returns. */
export interface PacketBatch {
  readonly slab: Uint8Array;
  readonly count: number;
  /** Start of packet i's vnet header within `slab`. */
  readonly offsets: Int32Array;
  /** Length of packet i, vnet header included. */
  readonly lengths: Int32Array;
}

export interface TunDevice {
  /** IP MTU in bytes. */
  readonly mtu: number;

  /**
   * Scratch memory for the headers of the packet being written: vnet, IP and transport header, contiguous from 0.
   * The stack fills it in and calls `send`; the device reads it before `send` returns.  At least `HEADER_CAPACITY`.
   */
  readonly header: Uint8Array;

  /** Called once per wake-up with all the packets that were waiting (a bounded number). */
  onPackets: (batch: PacketBatch) => void;

  /**
   * Writes one packet: `headerLength` bytes of `header`, then `payloadLength` bytes gathered from `chunks`, starting
   * `chunkOffset` bytes into `chunks[chunkIndex]`.  Nothing is kept.  Returns 0, or the errno as a positive number
   * (the packet is then lost, as on any wire).
   */
  send(
    headerLength: number,
    chunks: readonly Uint8Array[],
    chunkIndex: number,
    chunkOffset: number,
    payloadLength: number,
  ): number;

  /** Stops reading; the descriptor stays its owner's. */
  close(): void;
}
