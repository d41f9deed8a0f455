/** The segments that one connection sends: acknowledgement and window are always the latest. */
import { TCP_FLAG, synOptions, type TcpOptions } from '../packet/index.ts';
import type { Tuple } from './flow-table.ts';
import { MSS_DEFAULT_V4, MSS_DEFAULT_V6, MSS_MIN, WINDOW_SHIFT } from './limits.ts';
import { PacketWriter } from './packet-writer.ts';
import { possibleMtu } from './path-mtu.ts';
import type { TcpReceiver } from './tcp-receiver.ts';
import type { TcpSender } from './tcp-sender.ts';

const { fin: FIN, syn: SYN, psh: PSH, ack: ACK } = TCP_FLAG;
const NO_OPTIONS = new Uint8Array(0);
const NO_CHUNKS: readonly Uint8Array[] = [];

export class TcpSegments {
  readonly isSackPermitted: boolean;
  /** Something came that no segment has acknowledged yet. */
  isAckDue = false;
  readonly #writer: PacketWriter;
  readonly #tuple: Tuple;
  readonly #sender: TcpSender;
  readonly #receiver: TcpReceiver;
  readonly #isShiftOffered: boolean;
  /** MSS that the program's kernel takes. */
  readonly #mssOffered: number;
  /** Of the path's knowledge that `sender.mss` goes by. */
  #pathVersion = 0;
  /** The path's MTU that is tried here, since no longer packet seems to pass; 0: none. */
  #trialMtu = 0;

  /** `offered`: the options of the program's SYN, which bind both halves. */
  constructor(writer: PacketWriter, tuple: Tuple, sender: TcpSender, receiver: TcpReceiver, offered: TcpOptions) {
    this.#writer = writer;
    this.#tuple = tuple;
    this.#sender = sender;
    this.#receiver = receiver;
    this.isSackPermitted = offered.sackPermitted;
    this.#isShiftOffered = offered.windowShift !== null;
    const fallback = tuple.addresses.length === 32 ? MSS_DEFAULT_V6 : MSS_DEFAULT_V4;
    this.#mssOffered = Math.max(offered.mss ?? fallback, MSS_MIN);
    this.#setMss();
    if (offered.windowShift === null) return;
    sender.shift = offered.windowShift;
    receiver.shift = WINDOW_SHIFT;
  }

  /** What is sent from now on fits the path, as far as it is known. */
  fitPath(): void {
    if (this.#pathVersion !== this.#writer.paths.version) this.#setMss();
  }

  /** Full segments do not arrive, and no ICMP says why: half the packet's size is tried (RFC 4821 section 7.7). */
  tryNarrower(): void {
    const { addresses } = this.#tuple;
    this.#trialMtu = possibleMtu(addresses, (this.#sender.mss + PacketWriter.tcpHeaders(addresses)) >> 1);
    this.#setMss();
  }

  /** Something new has arrived: what was tried is what the path takes. */
  arrived(now: number): void {
    if (this.#trialMtu === 0) return;
    this.#writer.paths.narrow(this.#tuple.addresses, this.#trialMtu, now);
    this.#trialMtu = 0;
  }

  #setMss(): void {
    const { addresses } = this.#tuple;
    const { paths } = this.#writer;
    this.#pathVersion = paths.version;
    const known = paths.get(addresses);
    const mtu = this.#trialMtu === 0 ? known : Math.min(known, this.#trialMtu);
    this.#sender.mss = Math.min(this.#mssOffered, mtu - PacketWriter.tcpHeaders(addresses));
  }

  synAck(): void {
    const shift = this.#isShiftOffered ? WINDOW_SHIFT : null;
    const options = synOptions(this.#writer.mss(this.#tuple.addresses), shift, this.isSackPermitted);
    this.#empty(this.#sender.unacknowledged, this.#receiver.next, SYN | ACK, this.#receiver.advertise(0), options);
  }

  /** An acknowledgement without data. */
  ack(): void {
    this.isAckDue = false;
    const receiver = this.#receiver;
    const options = this.isSackPermitted ? receiver.sackOptions() : NO_OPTIONS;
    this.#empty(this.#sender.next, receiver.next, ACK, receiver.advertise(receiver.shift), options);
  }

  /** Data and FIN that were never sent, as the windows allow; with `force` a little more (RFC 9293 section 3.8.6.1). */
  unsent(now: number, force: boolean): void {
    this.fitPath();
    const sender = this.#sender;
    const queue = sender.queue;
    const segmentMax = PacketWriter.superSegment(this.#tuple.addresses);
    while (queue.unsent > 0) {
      const length = sender.sendable(segmentMax, force);
      if (length === 0) return;
      const isLast = length === queue.unsent;
      const isFin = isLast && sender.isFinQueued;
      const flags = ACK | (isLast ? PSH : 0) | (isFin ? FIN : 0);
      this.#data(sender.next, flags, queue.sendIndex, queue.sendOffset, length);
      sender.markSent(now, length, isFin);
    }
    if (!sender.hasUnsent) return;
    this.#data(sender.next, ACK | FIN, 0, 0, 0);
    sender.markSent(now, 0, true);
  }

  /** The first hole once more. */
  again(): void {
    this.fitPath();
    const sender = this.#sender;
    const queue = sender.queue;
    const length = sender.resendable(PacketWriter.superSegment(this.#tuple.addresses));
    const isFin = sender.isFinSent && length === queue.inFlight;
    const flags = ACK | (isFin ? FIN : 0) | (length > 0 ? PSH : 0);
    sender.roundTrip.cancel();
    if (length > 0) this.#data(sender.unacknowledged, flags, queue.headIndex, queue.headOffset, length);
    else this.#data(sender.unacknowledged, flags, 0, 0, 0);
  }

  /** With the number before the window, so that the peer answers without taking anything. */
  probe(): void {
    this.#data((this.#sender.unacknowledged - 1) | 0, ACK, 0, 0, 0);
  }

  /** `length` bytes of the send queue, from `index` and `offset` on; none for a lone FIN or a probe. */
  #data(seq: number, flags: number, index: number, offset: number, length: number): void {
    this.isAckDue = false;
    const receiver = this.#receiver;
    const { mss, queue } = this.#sender;
    const window = receiver.advertise(receiver.shift);
    const tuple = this.#tuple;
    this.#writer.tcp(tuple, seq, receiver.next, flags, window, NO_OPTIONS, mss, queue.chunks, index, offset, length);
  }

  /** `flags` has RST; there is no window in it. */
  reset(seq: number, flags: number): void {
    this.#empty(seq, (flags & ACK) === 0 ? 0 : this.#receiver.next, flags, 0, NO_OPTIONS);
  }

  #empty(seq: number, ack: number, flags: number, window: number, options: Uint8Array): void {
    this.#writer.tcp(this.#tuple, seq, ack, flags, window, options, this.#sender.mss, NO_CHUNKS, 0, 0, 0);
  }
}
