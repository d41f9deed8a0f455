/**
 * The stack's front: packets in, time in, packets out.
 *
 * The owner of the device and the clock drives it like this, all on one thread:
 *
 *     const stack = new Stack(device, handler, { now: () => performance.now(), random, onOutput: flushSoon });
 *     device.onPackets = (batch) => { stack.receive(batch); stack.flush(); rearm(); };
 *     function flushSoon() { queueMicrotask or setImmediate(() => { stack.flush(); rearm(); }) }
 *     function rearm() {
 *       const at = stack.nextWakeup();                   // on the clock of `now`; null: nothing to wait for
 *       at === null ? clearTimeout(timer) : (timer = setTimeout(tick, Math.max(0, at - performance.now())));
 *     }
 *     function tick() { stack.poll(performance.now()); stack.flush(); rearm(); }
 *
 * - `receive` hands data to the handler at once, and only notes what has to be answered; `flush` sends it: one
 *   acknowledgement per flow, and what `flow.send` queued meanwhile as super-segments of up to 64 KB.  Call it once
 *   after each `receive` and `poll`, and once at the end of a turn in which `onOutput` was called (it is called when
 *   the first flow since the last `flush` gets something to send, be it within `receive` or not).
 * - RST, ICMP, UDP datagrams and retransmissions leave at once, without `flush`.
 * - `nextWakeup` may be early, never late; it changes in `receive`, `poll`, `flush` and in calls on flows.  A timer
 *   that is only moved when the new time is earlier than the one it waits for costs next to nothing.
 * - The device must not deliver packets while `send` is running.
 */
import {
  GSO,
  IpView,
  PROTOCOL,
  VNET_FLAG,
  VNET_HEADER_LENGTH,
  decodeIpv4,
  decodeIpv6,
  finishSum,
  pseudoHeaderSum,
  sumBytes,
  vnetFlags,
  vnetGsoSize,
  vnetGsoType,
} from '../packet/index.ts';
import type { PacketBatch, TunDevice } from '../tun/device.ts';
import { Deadlines } from './deadlines.ts';
import { EchoLayer } from './echo-layer.ts';
import type { FlowHandler, StackCounters } from './flow.ts';
import { IcmpErrors } from './icmp-errors.ts';
import { countDrop, PacketWriter } from './packet-writer.ts';
import { Reassembly } from './reassembly.ts';
import { TcpLayer } from './tcp-layer.ts';
import { UdpLayer } from './udp-layer.ts';

interface StackOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** From 0 up to, not including, 1; unpredictable (sequence numbers come from it). */
  readonly random: () => number;
  /** Something waits for `flush`; see above. */
  readonly onOutput?: () => void;
}

export class Stack {
  readonly counters: StackCounters = { tcpFlows: 0, udpFlows: 0, bytesUp: 0, bytesDown: 0, dropped: {} };
  readonly #now: () => number;
  readonly #deadlines = new Deadlines();
  readonly #ip = new IpView();
  readonly #errors: IcmpErrors;
  readonly #reassembly: Reassembly;
  readonly #tcp: TcpLayer;
  readonly #udp: UdpLayer;
  readonly #echo: EchoLayer;
  #time = 0;

  constructor(device: TunDevice, handler: FlowHandler, options: StackOptions) {
    const { counters } = this;
    const { random, onOutput = () => undefined } = options;
    const deadlines = this.#deadlines;
    const writer = new PacketWriter(device, counters, deadlines);
    const errors = new IcmpErrors(writer, counters);
    this.#now = options.now;
    this.#errors = errors;
    this.#reassembly = new Reassembly(deadlines, counters);
    this.#tcp = new TcpLayer({ writer, deadlines, counters, handler, errors, random, onOutput });
    this.#udp = new UdpLayer({ writer, deadlines, counters, handler, errors, random, clock: options.now });
    this.#echo = new EchoLayer({
      writer,
      counters,
      handler,
      errors,
      onTooBig: (report) => (report.protocol === PROTOCOL.tcp ? this.#tcp : this.#udp).tooBig(report),
    });
    this.#setTime(options.now());
  }

  /** All packets of one wake-up. */
  receive(batch: PacketBatch): void {
    this.#setTime(this.#now());
    for (let i = 0; i < batch.count; i++) {
      const offset = batch.offsets[i];
      const length = batch.lengths[i];
      if (length < VNET_HEADER_LENGTH) {
        this.#drop('vnet-truncated');
        continue;
      }
      const flags = vnetFlags(batch.slab, offset);
      const isTrusted = (flags & (VNET_FLAG.needsChecksum | VNET_FLAG.dataValid)) !== 0;
      const isTrain = vnetGsoType(batch.slab, offset) === GSO.udpTrain;
      const trainSize = isTrain ? vnetGsoSize(batch.slab, offset) : 0;
      const start = offset + VNET_HEADER_LENGTH;
      this.#packet(batch.slab, start, length - VNET_HEADER_LENGTH, isTrusted, trainSize, true);
    }
  }

  /** Does what is due at `now`: retransmissions, probes, idle flows. */
  poll(now: number): void {
    this.#setTime(now);
    this.#deadlines.expire(now);
  }

  /** Sends what has gathered since the last call. */
  flush(): void {
    this.#setTime(this.#now());
    this.#tcp.flush();
  }

  /** When `poll` has something to do, ms on the clock of `now`; null: never, as things are. */
  nextWakeup(): number | null {
    return this.#deadlines.next;
  }

  /**
   * Ends every flow: handlers are told, and programs get an RST or a port unreachable.  To be called while the device
   * and its routes can still carry those.  New flows come to the handler as before.
   */
  close(): void {
    this.#setTime(this.#now());
    this.#tcp.close();
    this.#udp.close();
  }

  #packet(
    bytes: Uint8Array,
    start: number,
    length: number,
    isTrusted: boolean,
    trainSize: number,
    mayBeFragment: boolean,
  ): void {
    const ip = this.#ip;
    const isV6 = length > 0 && bytes[start] >> 4 === 6;
    const reason = isV6 ? decodeIpv6(bytes, start, length, ip) : decodeIpv4(bytes, start, length, ip);
    if (reason !== null) this.#drop(reason);
    else if (!isUnicast(bytes, ip.addresses, ip.addressesLength)) this.#drop('not-unicast');
    else if (isToItself(bytes, ip.addresses, ip.addressesLength >> 1)) this.#drop('to-itself');
    else if (!ip.isFragment) this.#upperLayer(bytes, ip, isTrusted, trainSize);
    else if (mayBeFragment) this.#fragment(bytes, ip);
    else this.#drop('fragment-nested');
  }

  #fragment(bytes: Uint8Array, ip: IpView): void {
    const packet = this.#reassembly.add(bytes, ip, this.#time);
    if (packet !== null) this.#packet(packet, 0, packet.length, false, 0, false);
  }

  #upperLayer(bytes: Uint8Array, ip: IpView, isTrusted: boolean, trainSize: number): void {
    const isV6 = ip.addressesLength === 32;
    if (ip.protocol === PROTOCOL.tcp) {
      if (isTrusted || isTcpSumRight(bytes, ip)) this.#tcp.input(bytes, ip);
      else this.#drop('tcp-checksum');
    } else if (ip.protocol === PROTOCOL.udp) this.#udp.input(bytes, ip, isTrusted, trainSize);
    else if (ip.protocol === (isV6 ? PROTOCOL.icmp6 : PROTOCOL.icmp)) this.#echo.input(bytes, ip, isTrusted);
    else if (ip.protocol === PROTOCOL.none && isV6) this.#drop('ipv6-no-payload');
    else {
      this.#drop('unknown-protocol');
      this.#errors.unknownProtocol(bytes, ip, this.#time);
    }
  }

  #setTime(now: number): void {
    this.#time = now;
    this.#tcp.now = now;
    this.#udp.now = now;
    this.#echo.now = now;
  }

  #drop(reason: string): void {
    countDrop(this.counters, reason);
  }
}

function isTcpSumRight(bytes: Uint8Array, ip: IpView): boolean {
  const pseudo = pseudoHeaderSum(bytes, ip.addresses, ip.addressesLength, PROTOCOL.tcp, ip.payloadLength);
  return finishSum(sumBytes(bytes, ip.payload, ip.payloadLength, pseudo)) === 0;
}

/**
 * Both ends must be one host each: the kernel's own multicast (neighbour discovery, IGMP) also comes out of a TUN, and
 * nothing may be answered to it (RFC 1122 section 3.2.1.3, RFC 4291 section 2.7).
 */
function isUnicast(bytes: Uint8Array, addresses: number, length: number): boolean {
  if (length === 8) return isHostV4(bytes[addresses]) && isHostV4(bytes[addresses + 4]);
  return isHostV6(bytes, addresses) && isHostV6(bytes, addresses + 16);
}

/** Our answer would come back to us as the next packet of the same flow, for ever ("land"). */
function isToItself(bytes: Uint8Array, addresses: number, length: number): boolean {
  for (let i = length - 1; i >= 0; i--) if (bytes[addresses + i] !== bytes[addresses + length + i]) return false;
  return true;
}

/** Neither "this network", loopback, multicast, reserved nor broadcast. */
function isHostV4(first: number): boolean {
  return first !== 0 && first !== 127 && first < 224;
}

/** Neither multicast, unspecified nor loopback. */
function isHostV6(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0xff) return false;
  for (let i = at; i < at + 15; i++) if (bytes[i] !== 0) return true;
  return bytes[at + 15] > 1;
}
