/** Kernel, privilege, TUN and tools. */
import { constants } from 'node:fs';
import { Files } from '../machine/files.ts';
import type { System } from '../machine/linux/system/system.ts';
import { explain } from '../machine/linux/tun.ts';
import { type Check, failed, ok, warning } from './check.ts';

/** What the TUN's finder of causes asks for as well: vnet_hdr with TSO works from here on. */
const KERNEL_MIN: readonly [number, number] = [4, 18];
/** Bit of CAP_NET_ADMIN in /proc/self/status (linux/capability.h). */
const CAP_NET_ADMIN = 12n;
const STATUS = '/proc/self/status';
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

const kernel: Check = {
  id: 'kernel',
  title: 'kernel',
  needs: [],
  async run({ system }) {
    const release = system.files.read('/proc/sys/kernel/osrelease')?.trim();
    if (release === undefined)
      return failed('this is not Linux', 'Run mirrord on Linux, or in a Linux virtual machine.');
    const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
    const [wantedMajor, wantedMinor] = KERNEL_MIN;
    const isOld = major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
    return isOld
      ? failed(`Linux ${release}`, `Linux ${KERNEL_MIN.join('.')} or newer is needed.`)
      : ok(`Linux ${release}`);
  },
};

const privilege: Check = {
  id: 'privilege',
  title: 'root',
  needs: ['kernel'],
  async run({ system }) {
    const isRoot = system.probes.uid() === 0;
    // What sudo gives is bounded by what this process may ever get.
    const set = isRoot ? 'CapEff' : 'CapBnd';
    const mask = new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(system.files.read(STATUS) ?? '')?.[1];
    if (mask !== undefined && ((BigInt(`0x${mask}`) >> CAP_NET_ADMIN) & 1n) === 0n) {
      return failed(
        'even root lacks CAP_NET_ADMIN here, probably because this is a container',
        'Start the container with --cap-add NET_ADMIN --device /dev/net/tun, or run mirrord outside it.',
      );
    }
    if (isRoot) return ok('root, with CAP_NET_ADMIN');
    const tool = ['sudo', 'doas'].find((each) => isInstalled(system, each));
    if (tool !== undefined) return ok(`not root, but ${tool} is installed: ${tool} mirrord up`);
    return warning('not root, and neither sudo nor doas is installed', 'Run mirrord up in a root shell.');
  },
};

const tun: Check = {
  id: 'tun',
  title: 'TUN device',
  needs: ['privilege'],
  async run({ system, openTunDevice }) {
    const error = openTunDevice();
    if (error === undefined) return ok('/dev/net/tun opens');
    const isRoot = system.probes.uid() === 0;
    if (!isRoot && (error.code === 'EACCES' || error.code === 'EPERM')) {
      return ok('/dev/net/tun exists and is open to root only');
    }
    const cause = explain(isRoot ? system : asRoot(system), 'mirrord0', error);
    return failed(cause.message, cause.help ?? '');
  },
};

const tools: Check = {
  id: 'tools',
  title: 'tools',
  needs: ['kernel'],
  async run({ system }) {
    // A missing program throws, and says which package has it.
    const ip = await system.run('ip', ['-json', 'link', 'show', 'lo']);
    if (ip.code !== 0) return failed('this version of `ip` does not support -json', 'Install iproute2 4.18 or newer.');
    await system.run('setpriv', ['--version']);
    const dns = ['nft', 'resolvectl'].filter((each) => isInstalled(system, each));
    const there = ['ip', 'setpriv', ...dns].join(', ');
    if (dns.length > 0) return ok(there);
    return warning(
      `${there}; neither nft nor resolvectl, so only --dns resolv.conf is possible`,
      'Install the nftables package (Debian: apt-get install nftables).',
    );
  },
};

export const MACHINE_CHECKS: readonly Check[] = [kernel, privilege, tun, tools];

/** Looked for in PATH and where the system's own tools are; nothing is started. */
export function isInstalled({ files }: System, command: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':').filter((each) => each.startsWith('/')), ...SYSTEM_FOLDERS];
  return folders.some((folder) => isExecutable(files, `${folder}/${command}`));
}

function isExecutable(files: Files, path: string): boolean {
  try {
    const found = files.kind(path);
    if (found?.kind === 'link') return files.inode(path) !== undefined;
    return found?.kind === 'file' && (found.mode & constants.S_IXUSR) !== 0;
  } catch {
    // A folder that may not be looked into has nothing that could be started from it.
    return false;
  }
}

/** The machine as sudo's root would see it: the finder of causes is asked why root could not, not why we cannot. */
function asRoot({ files, probes, ...system }: System): System {
  return { ...system, files: new RootsFiles(files.path('/')), probes: { ...probes, uid: () => 0 } };
}

class RootsFiles extends Files {
  override read(path: string): string | undefined {
    const text = super.read(path);
    // The bounding set is what root's effective set will be.
    return path === STATUS ? text?.replace(/^CapEff:.*\n/m, '').replace(/^CapBnd:/m, 'CapEff:') : text;
  }
}
