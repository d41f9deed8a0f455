/**
 * What the stack itself costs, without a kernel: super-segments through the in-memory device, and idle flows.
 *
 *     node test/bench/stack.ts
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { synOptions } from '../../src/packet/index.ts';
import { Stack, type TcpFlow } from '../../src/stack/index.ts';
import { MemoryDevice, batchOf } from '../support/devices/memory-device.ts';
import { PROGRAM_ISN, STACK_ISN, tcpPacket } from '../unit/stack/support/lab.ts';

const SEGMENT = 64_240;
const SECONDS = 2;
const IDLE_FLOWS = 10_000;

interface Bench {
  readonly device: MemoryDevice;
  readonly stack: Stack;
  readonly flows: TcpFlow[];
}

function open(): Bench {
  const device = new MemoryDevice(1500, () => 0);
  const flows: TcpFlow[] = [];
  const stack = new Stack(
    device,
    {
      tcp: (flow) => flows.push(flow),
      udp: (flow) => flow.close(),
      echo: (request) => request.reply('timeout'),
    },
    { now: () => performance.now(), random: () => 0.5 },
  );
  device.onPackets = (batch) => {
    stack.receive(batch);
    stack.flush();
  };
  return { device, stack, flows };
}

function establish({ device, flows }: Bench, sourcePort: number, port: number): TcpFlow {
  device.deliver([tcpPacket(false, { seq: 0, flags: 'S', options: synOptions(1460, 14, true), sourcePort, port })]);
  const flow = flows.at(-1)!;
  const ignore = (): void => undefined;
  flow.accept(
    { data: (chunk) => flow.consumed(chunk.length), end: ignore, reset: ignore, drain: ignore, closed: ignore },
    1 << 20,
  );
  device.deliver([tcpPacket(false, { seq: 1, ack: 1, sourcePort, port })]);
  return flow;
}

/** Writes a 32-bit field into a packet that is used again and again. */
function put(packet: Uint8Array, at: number, value: number): void {
  packet[at] = value >> 24;
  packet[at + 1] = value >> 16;
  packet[at + 2] = value >> 8;
  packet[at + 3] = value;
}

const SEQ_AT = 10 + 20 + 4;
const ACK_AT = 10 + 20 + 8;

/** Program to cluster: the kernel's super-segments, 16 to a batch, one acknowledgement each batch. */
function up(size: number): void {
  const bench = open();
  establish(bench, 40_000, 80);
  const count = 16;
  const packet = tcpPacket(false, { seq: 1, ack: 1, payload: new Uint8Array(size) });
  packet[0] = 1;
  const batch = batchOf(Array.from({ length: count }, () => packet));
  const end = performance.now() + SECONDS * 1000;
  const started = cpuMs();
  let seq = (PROGRAM_ISN + 1) | 0;
  let packets = 0;
  while (performance.now() < end) {
    for (let i = 0; i < count; i++) {
      put(batch.slab, batch.offsets[i] + SEQ_AT, seq);
      seq = (seq + size) | 0;
    }
    bench.device.onPackets(batch);
    packets += count;
  }
  if (bench.stack.counters.bytesUp !== packets * size) throw new Error('data was not taken');
  report(`up, ${size} bytes a packet`, packets, size, cpuMs() - started);
}

/** Cluster to program: 64 KB chunks, an acknowledgement for every fourth super-segment. */
function down(size: number): void {
  const bench = open();
  const flow = establish(bench, 40_000, 80);
  const chunk = new Uint8Array(size);
  const packet = tcpPacket(false, { seq: 1, ack: 1 });
  packet[0] = 1;
  const batch = batchOf([packet]);
  const end = performance.now() + SECONDS * 1000;
  const started = cpuMs();
  let ack = (STACK_ISN + 1) | 0;
  let packets = 0;
  while (performance.now() < end) {
    for (let i = 0; i < 4; i++) {
      flow.send(chunk);
      ack = (ack + size) | 0;
    }
    bench.stack.flush();
    put(batch.slab, ACK_AT, ack);
    bench.device.onPackets(batch);
    packets += 4;
  }
  if (bench.stack.counters.bytesDown !== packets * size) throw new Error('data was not sent');
  report(`down, ${size} bytes a chunk`, packets, size, cpuMs() - started);
}

/** Processor time, so that a busy machine does not change the figures much. */
function cpuMs(): number {
  return process.cpuUsage().user / 1000;
}

function report(name: string, packets: number, size: number, ms: number): void {
  const gigabits = (packets * size * 8) / ms / 1e6;
  console.log(`${name}: ${gigabits.toFixed(1)} Gb/s, ${((ms * 1e6) / packets).toFixed(0)} ns each`);
}

function idle(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const bench = open();
  const used = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  for (let i = 0; i < IDLE_FLOWS; i++) establish(bench, 20_000 + i, 80);
  const bytes = (used() - before) / IDLE_FLOWS;
  console.log(`idle: ${Math.round(bytes)} bytes a flow (${bench.stack.counters.tcpFlows} flows)`);
}

up(SEGMENT);
up(1460);
down(SEGMENT);
down(1460);
idle();
