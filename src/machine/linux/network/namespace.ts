import type { System } from '../system/system.ts';

/** The command in front of one that is to run there; undefined when the namespace has ended, and with it everything that was in it. */
export function enterNamespace(system: System, namespace: string): readonly [] | readonly [string, string] | undefined {
  const { files, probes } = system;
  if (probes.networkNamespace('self') === namespace) return [];
  for (const pid of files.list('/proc').filter((entry) => /^\d+$/.test(entry))) {
    if (probes.networkNamespace(Number(pid)) === namespace) return ['nsenter', `--net=/proc/${pid}/ns/net`];
  }
  const inode = /\d+/.exec(namespace)?.[0];
  for (const name of files.list('/run/netns')) {
    if (String(files.inode(`/run/netns/${name}`)) === inode) return ['nsenter', `--net=/run/netns/${name}`];
  }
  return undefined;
}
