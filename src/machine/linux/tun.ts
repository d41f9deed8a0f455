/**
 * Opens the TUN, and when that fails finds out why: an ordered list of likely causes, the most basic first.
 */
import { MirrordError } from '../../errors.ts';
import { loadAddon } from '../../native/addon.ts';
import type { OpenTun } from '../machine.ts';
import type { System } from './system/system.ts';

/** The kernel puts the first free number in; policy rules and tables are numbered after it (`network/rule-numbers.ts`). */
export const TUN_TEMPLATE = 'mirrord%d';

/** Bit of CAP_NET_ADMIN in /proc/self/status (linux/capability.h). */
const CAP_NET_ADMIN = 12n;

export function openTun(system: System, name: string = TUN_TEMPLATE): OpenTun {
  try {
    return loadAddon().openTun(name);
  } catch (error) {
    if (error instanceof MirrordError || error instanceof TypeError) throw error;
    throw explain(system, name, error as NodeJS.ErrnoException);
  }
}

/** Exported for its test. */
export function explain(system: System, name: string, error: NodeJS.ErrnoException): MirrordError {
  for (const find of CAUSES) {
    const found = find(system, name, error);
    if (found) return found;
  }
  const { syscall, code, message } = error;
  return new MirrordError(
    'host',
    'tun-failed',
    `The TUN interface could not be created: ${syscall}: ${message} (${code}).`,
    {
      cause: error,
    },
  );
}

type Cause = (system: System, name: string, error: NodeJS.ErrnoException) => MirrordError | undefined;

const CAUSES: readonly Cause[] = [
  ({ probes }) =>
    probes.uid() === 0
      ? undefined
      : new MirrordError('permission', 'not-root', 'Only root may create a network interface.', {
          help: 'Run it with sudo: sudo mirrord up',
        }),

  ({ files }) => {
    const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(files.read('/proc/self/status') ?? '')?.[1];
    if (mask === undefined || (BigInt(`0x${mask}`) >> CAP_NET_ADMIN) & 1n) return undefined;
    return new MirrordError(
      'permission',
      'no-net-admin',
      'This root user lacks the capability CAP_NET_ADMIN, probably because it runs in a container.',
      { help: 'Start the container with --cap-add NET_ADMIN --device /dev/net/tun, or run mirrord outside it.' },
    );
  },

  ({ files }) => {
    if (files.kind('/dev/net/tun') !== undefined) return undefined;
    if (files.kind('/sys/class/misc/tun') !== undefined) {
      return new MirrordError('host', 'tun-device-missing', 'The device file /dev/net/tun is missing.', {
        help: 'Start a container with --device /dev/net/tun. Elsewhere: mkdir -p /dev/net && mknod /dev/net/tun c 10 200',
      });
    }
    return noModule();
  },

  // The device file stands for a driver that is not there.
  (_machine, _name, error) => (error.code === 'ENODEV' || error.code === 'ENXIO' ? noModule() : undefined),

  (_machine, _name, error) =>
    error.syscall?.startsWith('open') && (error.code === 'EPERM' || error.code === 'EACCES')
      ? new MirrordError('permission', 'tun-forbidden', 'Even root may not open /dev/net/tun here.', {
          help: 'A container needs --device /dev/net/tun; otherwise check the permissions of /dev/net/tun and the log of the security module.',
          cause: error,
        })
      : undefined,

  (_machine, name, error) =>
    error.code === 'EBUSY'
      ? new MirrordError('host', 'tun-name-in-use', `There is already an interface named ${name}.`, {
          help: `See what it is with: ip -details link show ${name}. If it is a leftover, delete it: ip link delete ${name}`,
          cause: error,
        })
      : undefined,

  (_machine, _name, error) =>
    error.syscall?.startsWith('TUNSET') && (error.code === 'EINVAL' || error.code === 'ENOTTY')
      ? new MirrordError('host', 'tun-too-old', `This kernel's TUN driver does not support ${error.syscall}.`, {
          help: 'Linux 4.18 or newer is needed.',
          cause: error,
        })
      : undefined,
];

const noModule = (): MirrordError =>
  new MirrordError('host', 'tun-module-missing', 'The kernel has no TUN driver loaded.', {
    help: 'Load it with: modprobe tun. If there is no such module, install the full kernel package and reboot.',
  });
