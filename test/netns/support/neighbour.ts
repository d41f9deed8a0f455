/** A machine beside the target, from which clients come: a pod of the same network. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { must } from '../../../scripts/sandbox/command.ts';
import { Machine } from '../../../scripts/sandbox/machine.ts';
import type { Host } from '../../../scripts/sandbox/addresses.ts';

/** The target's end of the wire. */
export const TARGET: Host = { v4: '10.244.7.1', v6: 'fd00:10:244:7::1' };
export const NEIGHBOUR: Host = { v4: '10.244.7.2', v6: 'fd00:10:244:7::2' };

export interface Neighbour extends Machine {
  close(): Promise<void>;
}

/** Wired to the network namespace of that name; the wire goes with it. */
export async function createNeighbour(target: string): Promise<Neighbour> {
  const holder: ChildProcess = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', 'echo ready; read _'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  if (holder.stdout === null) throw new Error('no output');
  await once(holder.stdout, 'data');
  const pid = String(holder.pid);
  await must('ip', ['-n', target, '-batch', '-'], {
    input: [
      `link add neighbour type veth peer name eth0 netns ${pid}`,
      'link set neighbour up',
      `address add ${TARGET.v4}/24 dev neighbour`,
      `address add ${TARGET.v6}/64 dev neighbour nodad`,
      '',
    ].join('\n'),
  });
  await must('nsenter', ['--target', pid, '--net', 'ip', '-batch', '-'], {
    input: [
      'link set lo up',
      'link set eth0 up',
      `address add ${NEIGHBOUR.v4}/24 dev eth0`,
      `address add ${NEIGHBOUR.v6}/64 dev eth0 nodad`,
      '',
    ].join('\n'),
  });
  const machine = new Machine(['--target', pid, '--net']);
  const close = async (): Promise<void> => {
    const ended = once(holder, 'exit');
    holder.stdin?.end();
    await ended;
  };
  return Object.assign(machine, { close });
}
