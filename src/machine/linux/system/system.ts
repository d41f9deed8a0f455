/**
 * The three seams between this code and the operating system: commands, files, probes.
 *
 * Everything that is done to the machine or learned of it goes through here (the TUN's descriptor and the child
 * processes that live as long as this one aside), so that tests put a recorded system in its place and compare the
 * resulting state.
 */
import { type Run, runCommand } from './commands.ts';
import { type IpBatch, StandingIp } from './ip-batch.ts';
import { Files } from '../../files.ts';
import type { Probes } from '../../machine.ts';

export interface System {
  readonly run: Run;
  /** An `ip -batch` that stays until it is closed. */
  readonly openIp: (family: 4 | 6) => IpBatch;
  readonly files: Files;
  readonly probes: Probes;
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and parentheses. */
export function startTime(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended, though its number is still taken.
  return fields[0] === 'Z' ? undefined : fields[19];
}

export function procProbes(files: Files): Probes {
  return {
    uid: () => process.geteuid?.() ?? -1,
    processStart: (pid) => {
      const stat = files.read(`/proc/${pid}/stat`);
      return stat === undefined ? undefined : startTime(stat);
    },
    networkNamespace: (pid) => {
      try {
        return files.link(`/proc/${pid}/ns/net`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EACCES') return undefined;
        throw error;
      }
    },
  };
}

export function thisSystem(): System {
  const files = new Files('/');
  return { run: runCommand, openIp: (family) => new StandingIp(family), files, probes: procProbes(files) };
}
