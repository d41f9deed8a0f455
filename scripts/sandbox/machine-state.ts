/**
 * Everything of a machine that a session may change, as text that can be compared; and nothing that others may: below
 * the sandbox's /etc is the machine's own, into which a package may be installed meanwhile.
 */
import type { Machine } from './machine.ts';

const QUESTIONS = `
  # ip looks up names of namespaces, and complains of those that others are just removing.
  ip -o link show 2>/dev/null | sed 's/ state .*//'
  ip -o address show 2>/dev/null | sed 's/ *valid_lft.*//'
  for family in -4 -6; do
    ip $family rule show
    ip $family route show table all | sort
  done
  nft list ruleset
  for file in /etc/resolv.conf /etc/hosts; do
    stat -c '%n %F %U %a' $file
    cat $file
  done
  # What is written aside has our name in its own.
  ls -A /etc | grep -i -E 'resolv|mirrord'
  find /run/mirrord 2>/dev/null
  # Other sandboxes see the same cgroups.
  find /sys/fs/cgroup -ignore_readdir_race -name "mirrord.*.$(stat -Lc %i /proc/self/ns/net)" -print -prune
  ps -eo netns=,args= | grep "^ *$(stat -Lc %i /proc/self/ns/net) .*\\([b]in\\|[d]ist\\)/mirrord"
  true
`;

export async function machineState(machine: Machine): Promise<string> {
  const { code, stdout, stderr } = await machine.run('sh', ['-c', QUESTIONS]);
  if (code !== 0 || stderr !== '') throw new Error(`the machine's state cannot be read: ${stderr}`);
  return stdout;
}

/** Lines that are in only one of two states: `- was` and `+ is`. */
export function difference(before: string, after: string): string {
  const [old, now] = [before, after].map((text) => text.split('\n'));
  const gone = (old ?? []).filter((line) => !now?.includes(line)).map((line) => `- ${line}`);
  const added = (now ?? []).filter((line) => !old?.includes(line)).map((line) => `+ ${line}`);
  return [...gone, ...added].join('\n');
}
