/**
 * A stack between two hands: the test plays the program's kernel with exact segments, and the layer above.
 *
 * Replies are asserted as text, with sequence numbers relative to both initial numbers.  The numbers themselves lie
 * just below the wrap of 32 bits (the program's) and of the sign (the stack's).
 */
import assert from 'node:assert/strict';
import {
  GSO,
  IpView,
  PROTOCOL,
  TCP_FLAG,
  TCP_HEADER_LENGTH,
  TcpOptions,
  TcpView,
  VNET_FLAG,
  VNET_HEADER_LENGTH,
  decodeIpv4,
  decodeIpv6,
  decodeTcp,
  decodeTcpOptions,
  encodeIpv4,
  encodeIpv6,
  encodeTcp,
  encodeVnet,
  finishSum,
  pseudoHeaderSum,
  read32,
  sumBytes,
  synOptions,
  write16,
} from '../../../../src/packet/index.ts';
import { parseAddress } from '../../../../src/net/index.ts';
import { Stack, type EchoRequest, type FlowHandler, type TcpFlow, type UdpFlow } from '../../../../src/stack/index.ts';
import { MemoryDevice } from '../../../support/devices/memory-device.ts';

export const PROGRAM = '198.18.0.1';
export const SERVICE = '10.96.0.10';
export const PROGRAM6 = 'fd00:1::1';
export const SERVICE6 = 'fd00:96::10';
export const PROGRAM_ISN = 0xffffff00 | 0;
/** `random` gives 0.5 for every connection. */
export const STACK_ISN = -(2 ** 31);
const SOURCE_PORT = 40_000;

export interface SegmentFields {
  /** Relative to the program's initial sequence number. */
  seq: number;
  /** Relative to the stack's; absent: no ACK flag. */
  ack?: number;
  /** Letters of S F R P. */
  flags?: string;
  window?: number;
  payload?: string | Uint8Array;
  options?: Uint8Array;
  sourcePort?: number;
  port?: number;
}

export class Lab {
  readonly device: MemoryDevice;
  readonly stack: Stack;
  time = 1000;
  readonly tcp: TcpFlow[] = [];
  readonly udp: UdpFlow[] = [];
  readonly echoes: EchoRequest[] = [];
  /** What the handler of accepted flows was told, in order. */
  readonly events: string[] = [];
  received = Buffer.alloc(0);
  readonly isV6: boolean;

  constructor(options: { v6?: boolean; mtu?: number; handler?: Partial<FlowHandler> } = {}) {
    this.isV6 = options.v6 ?? false;
    this.device = new MemoryDevice(options.mtu ?? 1500);
    const handler: FlowHandler = {
      tcp: (flow) => {
        flow.onAbandoned = () => this.events.push('abandoned');
        this.tcp.push(flow);
      },
      udp: (flow) => {
        flow.onDatagram = (payload) => this.events.push(`datagram ${payload.length}`);
        flow.onClosed = () => this.events.push('udp closed');
        this.udp.push(flow);
      },
      echo: (request) => this.echoes.push(request),
      ...options.handler,
    };
    this.stack = new Stack(this.device, handler, { now: () => this.time, random: () => 0.5 });
    this.device.onPackets = (batch) => {
      this.stack.receive(batch);
      this.stack.flush();
    };
  }

  get flow(): TcpFlow {
    return this.tcp.at(-1)!;
  }

  /** Accepts the last flow; the handler consumes at once unless told otherwise. */
  accept(window = 65_536, consumes = true): void {
    const flow = this.flow;
    flow.accept(
      {
        data: (chunk) => {
          this.events.push(`data ${chunk.length}`);
          this.received = Buffer.concat([this.received, chunk]);
          if (consumes) flow.consumed(chunk.length);
        },
        end: () => this.events.push('end'),
        reset: () => this.events.push('reset'),
        drain: () => this.events.push('drain'),
        closed: () => this.events.push('closed'),
      },
      window,
    );
  }

  /** SYN, accept, ACK: an established flow, nothing left to read. */
  establish(window = 65_536, consumes = true, syn: Partial<SegmentFields> = {}): TcpFlow {
    this.segment({ seq: 0, flags: 'S', options: synOptions(1460, 7, true), ...syn });
    this.accept(window, consumes);
    this.segment({ seq: 1, ack: 1, sourcePort: syn.sourcePort ?? SOURCE_PORT, port: syn.port ?? 80 });
    this.device.take();
    return this.flow;
  }

  /** One segment of the program, one wake-up. */
  segment(...segments: SegmentFields[]): void {
    this.device.deliver(segments.map((fields) => this.packet(fields)));
  }

  packet(fields: SegmentFields): Uint8Array {
    return tcpPacket(this.isV6, fields);
  }

  flush(): void {
    this.stack.flush();
  }

  /** Lets time pass; deadlines fire at their own time. */
  wait(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.stack.nextWakeup();
      if (next === null || next > end) break;
      this.time = Math.max(this.time, next);
      this.stack.poll(this.time);
      this.stack.flush();
    }
    this.time = end;
  }

  /** The stack's packets since the last call, as text. */
  out(): string[] {
    return this.device.take().map(describe);
  }

  takeEvents(): string[] {
    return this.events.splice(0);
  }

  assertNothingSaid(): void {
    assert.deepEqual(this.out(), []);
  }
}

export function tcpPacket(isV6: boolean, fields: SegmentFields): Uint8Array {
  const { seq, ack, flags = '', window = 65_535, options = new Uint8Array(0) } = fields;
  const payload =
    typeof fields.payload === 'string' ? Buffer.from(fields.payload) : (fields.payload ?? new Uint8Array(0));
  let bits = ack === undefined ? 0 : TCP_FLAG.ack;
  for (const [letter, bit] of [
    ['S', TCP_FLAG.syn],
    ['F', TCP_FLAG.fin],
    ['R', TCP_FLAG.rst],
    ['P', TCP_FLAG.psh],
    ['U', TCP_FLAG.urg],
  ] as const) {
    if (flags.includes(letter)) bits |= bit;
  }
  const segment = new Uint8Array(TCP_HEADER_LENGTH + options.length + payload.length);
  encodeTcp(
    segment,
    0,
    fields.sourcePort ?? SOURCE_PORT,
    fields.port ?? 80,
    (PROGRAM_ISN + seq) | 0,
    ack === undefined ? 0 : (STACK_ISN + ack) | 0,
    bits,
    window,
    options,
  );
  segment.set(payload, TCP_HEADER_LENGTH + options.length);
  return ipPacket(isV6, PROTOCOL.tcp, segment, { checksumOffset: 16 });
}

export interface IpOptions {
  /** Where the transport's checksum is; absent: none is made. */
  checksumOffset?: number;
  source?: string;
  destination?: string;
  fragment?: { id: number; offset: number; more: boolean };
  vnet?: { flags: number; gsoType: number; gsoSize: number };
}

/** A packet as the kernel hands it out, with a complete checksum. */
export function ipPacket(isV6: boolean, protocol: number, payload: Uint8Array, options: IpOptions = {}): Uint8Array {
  const source = parseAddress(options.source ?? (isV6 ? PROGRAM6 : PROGRAM))!;
  const destination = parseAddress(options.destination ?? (isV6 ? SERVICE6 : SERVICE))!;
  const ipLength = isV6 ? 40 : 20;
  const packet = new Uint8Array(VNET_HEADER_LENGTH + ipLength + payload.length);
  const at = VNET_HEADER_LENGTH;
  const addresses = at + ipLength - 2 * source.length;
  packet.set(source, addresses);
  packet.set(destination, addresses + source.length);
  packet.set(payload, at + ipLength);
  if (isV6) encodeIpv6(packet, at, protocol, payload.length);
  else encodeIpv4(packet, at, protocol, payload.length, options.fragment ?? null);
  if (options.checksumOffset !== undefined) {
    const pseudo = pseudoHeaderSum(packet, addresses, 2 * source.length, protocol, payload.length);
    const sum = finishSum(sumBytes(packet, at + ipLength, payload.length, pseudo));
    write16(packet, at + ipLength + options.checksumOffset, sum === 0 && protocol === PROTOCOL.udp ? 0xffff : sum);
  }
  const { flags = 0, gsoType = 0, gsoSize = 0 } = options.vnet ?? {};
  encodeVnet(packet, flags, gsoType, 0, gsoSize, 0, 0);
  return packet;
}

/** The IP header of a packet of the stack, checked. */
export function readIp(packet: Uint8Array): IpView {
  const ip = new IpView();
  const isV6 = packet[VNET_HEADER_LENGTH] >> 4 === 6;
  const length = packet.length - VNET_HEADER_LENGTH;
  const reason = isV6
    ? decodeIpv6(packet, VNET_HEADER_LENGTH, length, ip)
    : decodeIpv4(packet, VNET_HEADER_LENGTH, length, ip);
  assert.equal(reason, null);
  assert.equal(ip.end, packet.length);
  return ip;
}

export function readTcp(packet: Uint8Array): TcpView {
  const ip = readIp(packet);
  const view = new TcpView();
  assert.equal(ip.protocol, PROTOCOL.tcp);
  assert.equal(decodeTcp(packet, ip.payload, ip.payloadLength, view), null);
  return view;
}

/** `SA seq=0 ack=1 win=65535 len=0`, and what else is notable. */
export function describe(packet: Uint8Array): string {
  const ip = readIp(packet);
  if (ip.protocol !== PROTOCOL.tcp) {
    const type = packet[ip.payload];
    return ip.protocol === PROTOCOL.udp ? `udp len=${ip.payloadLength - 8}` : `icmp ${type}/${packet[ip.payload + 1]}`;
  }
  const view = readTcp(packet);
  checkOffload(packet, ip, view);
  const letters = [
    [TCP_FLAG.syn, 'S'],
    [TCP_FLAG.fin, 'F'],
    [TCP_FLAG.rst, 'R'],
    [TCP_FLAG.psh, 'P'],
    [TCP_FLAG.ack, 'A'],
  ] as const;
  const flags = letters.map(([bit, letter]) => ((view.flags & bit) === 0 ? '' : letter)).join('');
  const isAck = (view.flags & TCP_FLAG.ack) !== 0;
  const parts = [flags, `seq=${relative(view.seq, STACK_ISN)}`];
  if (isAck) parts.push(`ack=${relative(view.ack, PROGRAM_ISN)}`);
  parts.push(`win=${view.window}`, `len=${view.payloadLength}`);
  if ((view.flags & TCP_FLAG.syn) !== 0) {
    const options = new TcpOptions();
    decodeTcpOptions(packet, view, options);
    parts.push(`mss=${options.mss}`);
    if (options.windowShift !== null) parts.push(`ws=${options.windowShift}`);
    if (options.sackPermitted) parts.push('sack');
  } else if (view.optionsLength > 0) {
    const edges = [];
    for (let at = view.options + 4; at < view.payload; at += 4) edges.push(relative(read32(packet, at), PROGRAM_ISN));
    parts.push(`sack=${edges.join(',')}`);
  }
  return parts.join(' ');
}

/** A reset answers a segment that no flow has: its numbers are that segment's own. */
function relative(value: number, base: number): number {
  const distance = (value - base) | 0;
  return value === 0 && Math.abs(distance) > 2 ** 24 ? 0 : distance;
}

/** What linux/virtio_net.h asks of a packet whose checksum is left to the kernel. */
function checkOffload(packet: Uint8Array, ip: IpView, view: TcpView): void {
  const view16 = (at: number): number => packet[at] | (packet[at + 1] << 8);
  assert.equal(packet[0], VNET_FLAG.needsChecksum);
  assert.equal(view16(6), ip.payload - ip.start);
  assert.equal(view16(8), 16);
  assert.ok(view16(2) >= ip.payload - ip.start + TCP_HEADER_LENGTH && view16(2) <= packet.length);
  const pseudo = pseudoHeaderSum(packet, ip.addresses, ip.addressesLength, PROTOCOL.tcp, ip.payloadLength);
  assert.equal((packet[ip.payload + 16] << 8) | packet[ip.payload + 17], pseudo);
  const isSuper = packet[1] !== GSO.none;
  if (isSuper) assert.ok(view.payloadLength > view16(4) && view16(4) > 0);
  else assert.ok(view.payloadLength <= 1460);
}
