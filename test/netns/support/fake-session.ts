/**
 * Stands in for the session process: sends the requests of the environment variable REQUESTS, one after another (or all
 * at once with BEHAVIOUR=together; after a message of any kind with BEHAVIOUR='say JSON'; after `pause` when it gets SIGUSR2), and tells on standard output what came back; then lives until it is stopped.
 * With PLUGIN (a shell line) it runs that, as it would a credential plugin, each time that it gets SIGHUP.
 *
 * Lines on standard output: `{"reply": ...}`, `{"refusal": ...}`, `{"changed": facts}`, `{"start": message}`, `{"idle":true}`, `{"plugin": output}`.
 */
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { HostToSession } from '../../../src/ipc/protocol.ts';
import { VNET_HEADER_LENGTH } from '../../../src/tun/device.ts';
import { KernelDevice } from '../../../src/tun/kernel-device.ts';

const UDP = 17;

const requests = JSON.parse(process.env['REQUESTS'] ?? '[]') as [string, ...unknown[]][];
const behaviour = process.env['BEHAVIOUR'] ?? '';
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** Sends a UDP datagram back to where it came from; the pseudo header's sum stays the same. */
function echo(device: KernelDevice, packet: Uint8Array): void {
  const ip = packet.subarray(VNET_HEADER_LENGTH);
  const v4 = ip[0] >> 4 === 4;
  if (ip[v4 ? 9 : 6] !== UDP) return;
  const [address, size, transport] = v4 ? [12, 4, 20] : [8, 16, 40];
  swap(ip, address, size);
  swap(ip, transport, 2);
  device.header.set(packet.subarray(0, VNET_HEADER_LENGTH + transport + 8));
  device.send(VNET_HEADER_LENGTH + transport + 8, [ip], 0, transport + 8, ip.length - transport - 8);
}

/** Exchanges two neighbouring fields of `size` bytes. */
function swap(bytes: Uint8Array, offset: number, size: number): void {
  const first = bytes.slice(offset, offset + size);
  bytes.copyWithin(offset, offset + size, offset + 2 * size);
  bytes.set(first, offset + size);
}

let next = 0;
function step(): void {
  const request = requests[next];
  if (request === undefined) {
    say({ idle: true });
    process.send?.({ type: 'ready', ready: { place: null, service: null, log: null } });
    return;
  }
  if (request[0] === 'pause') {
    next++;
    say({ paused: true });
    process.once('SIGUSR2', step);
    return;
  }
  ask(request);
}

function ask([op, ...args]: [string, ...unknown[]]): void {
  process.send?.({ type: 'request', id: next++, op, args });
}

process.on('message', (message: HostToSession) => {
  switch (message.type) {
    case 'start': {
      const device = new KernelDevice(message.tun.fd, 1500);
      let packets = 0;
      device.onPackets = (batch) => {
        packets += batch.count;
        if (behaviour === 'count') say({ packets });
        if (behaviour === 'echo') {
          for (let i = 0; i < batch.count; i++) {
            echo(device, batch.slab.subarray(batch.offsets[i], batch.offsets[i] + batch.lengths[i]));
          }
        }
      };
      device.onGone = (errno) => say({ gone: errno });
      const status = readFileSync('/proc/self/status', 'utf8');
      const ids = Object.fromEntries(
        ['Uid', 'Gid', 'Groups', 'CapEff'].map((key) => [
          key,
          new RegExp(`^${key}:[\\t ]*(.*?)[\\t ]*$`, 'm').exec(status)?.[1],
        ]),
      );
      const { HOME, USER, LOGNAME, SHELL } = process.env;
      say({ start: message, ids, pid: process.pid, environment: { HOME, USER, LOGNAME, SHELL } });
      if (behaviour === 'fail') {
        process.send?.({
          type: 'failed',
          error: { code: 'cluster-unreachable', failure: 'cluster', message: 'no answer', help: 'look at the cable' },
        });
      }
      if (behaviour.startsWith('say ')) process.send?.(JSON.parse(behaviour.slice('say '.length)));
      if (behaviour === 'survived') spawn('sleep', ['60'], { stdio: 'inherit', detached: true });
      if (behaviour === 'together') for (const each of requests) ask(each);
      else step();
      return;
    }
    case 'reply':
      say({ reply: message.value });
      step();
      return;
    case 'refusal':
      say({ refusal: message.error });
      step();
      return;
    case 'changed':
      say({ changed: message.facts });
      return;
    case 'release':
      if (behaviour !== 'deaf') process.send?.({ type: 'released' });
      return;
    case 'stop':
      if (behaviour !== 'deaf') process.exit(0);
  }
});
process.on('disconnect', () => {
  if (behaviour !== 'deaf') process.exit(0);
});
process.on('SIGHUP', () => {
  const { PLUGIN = '' } = process.env;
  execFile('/bin/sh', ['-c', PLUGIN], (_error, stdout) => say({ plugin: stdout.trim() }));
});
process.on('SIGUSR1', () => process.send?.({ type: 'down' }));
process.on('SIGINT', () => say({ interrupted: true }));
