import assert from 'node:assert/strict';
import {
  GSO,
  ICMP4,
  PROTOCOL,
  TCP_FLAG,
  VNET_FLAG,
  VNET_HEADER_LENGTH,
  encodeIcmp,
  encodeUdp,
  finishSum,
  sumBytes,
  synOptions,
  write16,
} from '../../../src/packet/index.ts';
import { KEEPALIVE_IDLE, REASSEMBLIES } from '../../../src/stack/limits.ts';
import type { Refusal, TcpFlow } from '../../../src/stack/index.ts';
import { Lab, ipPacket, readIp, tcpPacket } from './support/lab.ts';
import { seeded } from './support/simulation.ts';

/** More for a longer hunt. */
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 2);
const PACKETS = 5000;
const PORTS = 6;
/** All flags that the stack ever sets. */
const FLAGS = TCP_FLAG.ack | TCP_FLAG.psh | TCP_FLAG.rst | TCP_FLAG.syn | TCP_FLAG.fin;
const REFUSALS: readonly Refusal[] = ['refused', 'host-unreachable', 'network-unreachable', 'prohibited', 'timeout'];

class Attacker {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  chance(p: number): boolean {
    return this.random() < p;
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)];
  }

  bytes(max: number): Uint8Array {
    return Uint8Array.from({ length: this.below(max) }, () => this.below(256));
  }

  packet(): Uint8Array {
    const v6 = this.chance(0.4);
    const packet = this.one([() => this.#tcp(v6), () => this.#tcp(v6), () => this.#udp(v6), () => this.#other(v6)])();
    if (this.chance(0.5)) return packet;
    return this.#spoil(packet);
  }

  /** A segment of a flow that may be there: numbers near both ends' present ones. */
  #tcp(v6: boolean): Uint8Array {
    const near = (): number => this.one([0, 1, 1, 1, 2, 100, 1461, 4000, 65_000, 70_000, -1, -70_000, 2 ** 31]);
    const flags = this.one(['S', 'S', '', '', '', 'P', 'F', 'FP', 'R', 'SF', 'SR']);
    const options = this.one([synOptions(this.one([0, 1, 536, 1460, 65_535]), this.one([0, 7, 14, 255]), true)]);
    return tcpPacket(v6, {
      seq: near(),
      flags,
      window: this.one([0, 1, 100, 65_535]),
      payload: flags === 'S' ? '' : this.bytes(this.one([1, 1, 20, 3000])),
      sourcePort: 1000 + this.below(PORTS),
      ...(flags.includes('S') ? { options } : { ack: near() }),
    });
  }

  #udp(v6: boolean): Uint8Array {
    const payload = this.bytes(this.one([1, 20, 2000]));
    const bytes = new Uint8Array(8 + payload.length);
    encodeUdp(bytes, 0, 2000 + this.below(PORTS), this.one([7, 53]), payload.length, 0);
    bytes.set(payload, 8);
    const train = { flags: VNET_FLAG.dataValid, gsoType: GSO.udpTrain, gsoSize: this.below(500) };
    return ipPacket(v6, PROTOCOL.udp, bytes, { checksumOffset: 6, ...(this.chance(0.2) ? { vnet: train } : {}) });
  }

  /** Fragments, extension headers, ICMP of every type, protocols that nobody knows. */
  #other(v6: boolean): Uint8Array {
    const payload = this.bytes(200);
    if (this.chance(0.4)) {
      const message = new Uint8Array(8 + payload.length);
      const type = this.one([ICMP4.echoRequest, ICMP4.unreachable, 128, 2, 4, this.below(256)]);
      encodeIcmp(message, 0, type, this.below(6), this.below(2 ** 16));
      message.set(this.chance(0.5) ? payload : this.#tcp(v6).subarray(VNET_HEADER_LENGTH, payload.length), 8);
      return ipPacket(v6, v6 ? PROTOCOL.icmp6 : PROTOCOL.icmp, message, { checksumOffset: 2 });
    }
    const offset = this.one([0, 8, 16, 64, 1400, 65_528]);
    const more = this.chance(0.5);
    const id = this.below(4);
    const protocol = this.one([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp, 132, this.below(256)]);
    if (!v6) return ipPacket(false, protocol, payload, { fragment: { id, offset, more } });
    const headers: number[][] = [];
    for (let left = this.below(12); left > 0; left--)
      headers.push([
        this.one([0, 43, 44, 51, 60, 6, 17, 58]),
        0,
        offset >> 8,
        (offset & 0xf8) | (more ? 1 : 0),
        0,
        0,
        0,
        id,
      ]);
    return ipPacket(true, this.one([0, 43, 44, 51, 60]), Buffer.concat([Uint8Array.from(headers.flat()), payload]));
  }

  /** Some bytes changed, cut or made longer; with the checksums of IPv4 right again, or all of them vouched for. */
  #spoil(whole: Uint8Array): Uint8Array {
    const length = this.chance(0.2) ? this.below(whole.length + 1) : whole.length;
    const packet = Uint8Array.from(whole.subarray(0, length));
    const spots = Math.min(length, 80);
    if (spots > 0) for (let i = this.below(4); i > 0; i--) packet[this.below(spots)] = this.below(256);
    if (this.chance(0.7) && length >= VNET_HEADER_LENGTH + 20 && packet[VNET_HEADER_LENGTH] >> 4 === 4) {
      const headerLength = Math.min((packet[VNET_HEADER_LENGTH] & 15) * 4, length - VNET_HEADER_LENGTH);
      write16(packet, VNET_HEADER_LENGTH + 10, 0);
      write16(packet, VNET_HEADER_LENGTH + 10, finishSum(sumBytes(packet, VNET_HEADER_LENGTH, headerLength, 0)));
    }
    if (this.chance(0.5) && length > 0) packet[0] = VNET_FLAG.dataValid;
    return packet;
  }
}

describe('any traffic', () => {
  for (let seed = 1; seed <= ROUNDS; seed++) {
    it(`leaves nothing behind, and what is said is well formed (seed ${seed})`, () => {
      const attacker = new Attacker(seed);
      const open = new Set<TcpFlow>();
      let delivered = 0;
      let consumed = 0;
      const lab = new Lab({
        handler: {
          tcp: (flow) => {
            flow.onAbandoned = () => open.delete(flow);
            open.add(flow);
          },
        },
      });
      const accept = (flow: TcpFlow): void => {
        const over = (): void => void open.delete(flow);
        const data = (chunk: Uint8Array): void => {
          delivered += chunk.length;
          if (attacker.chance(0.9)) {
            consumed += chunk.length;
            flow.consumed(chunk.length);
          }
        };
        flow.accept({ data, end: () => undefined, reset: over, drain: () => undefined, closed: over }, 65_536);
      };
      const act = (flow: TcpFlow): void => {
        const choice = attacker.below(6);
        if (choice < 2) accept(flow);
        else if (choice === 2) flow.refuse(attacker.one(REFUSALS));
        else if (choice === 3) flow.send(new Uint8Array(attacker.one([0, 1, 1000, 100_000])));
        else if (choice === 4) flow.end();
        else if (attacker.chance(0.2)) flow.reset();
      };
      for (let i = 0; i < PACKETS; i++) {
        lab.device.deliver(Array.from({ length: 1 + attacker.below(3) }, () => attacker.packet()));
        for (const flow of open) if (attacker.chance(0.3)) act(flow);
        for (const flow of lab.udp.splice(0)) {
          if (attacker.chance(0.5)) flow.send(attacker.bytes(3000));
          else flow.refuse('refused');
        }
        for (const request of lab.echoes.splice(0)) request.reply(attacker.one(['reachable', ...REFUSALS]));
        if (attacker.chance(0.1)) lab.wait(attacker.one([1, 30, 1000, 20_000]));
        lab.flush();
        for (const packet of lab.device.take()) {
          const ip = readIp(packet);
          if (ip.protocol === PROTOCOL.tcp && !ip.isFragment) assert.ok(packet[ip.payload + 13] <= FLAGS);
        }
        lab.takeEvents();
        assert.ok(lab.stack.counters.tcpFlows <= 2 * PORTS * 300);
      }
      assert.ok(delivered > 0 && consumed <= delivered);
      for (const flow of open) flow.reset();
      for (const flow of lab.tcp) flow.refuse('refused');
      lab.wait(2 * KEEPALIVE_IDLE);
      const { tcpFlows, udpFlows, dropped } = lab.stack.counters;
      assert.deepEqual([tcpFlows, udpFlows, lab.stack.nextWakeup()], [0, 0, null]);
      assert.ok(Object.keys(dropped).length > REASSEMBLIES / 4, `too tame: ${Object.keys(dropped).join(' ')}`);
    }).timeout(60_000);
  }
});
