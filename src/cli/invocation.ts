/**
 * How this program is called here, so that a command in a piece of advice works when it is pasted.
 *
 * Texts everywhere say `mirrord status`; run from a checkout, no such program is in PATH, and sudo has a PATH of its own.
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND } from './programs.ts';

/** What sudo looks through (`secure_path` of Debian's and Fedora's sudoers(5)). */
const SUDO_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export interface Invocation {
  readonly plain: string;
  /** Behind `sudo`. */
  readonly asRoot: string;
}

/** `program`: the path of bin/mirrord; `path`: PATH. */
export function invocationOf(program: string, path = ''): Invocation {
  const whole = quoted(real(program) ?? program);
  const within = (folders: readonly string[]): string => {
    const found = findProgram('mirrord', folders);
    return found !== undefined && real(found) === real(program) ? 'mirrord' : whole;
  };
  return { plain: within(path.split(':')), asRoot: within(SUDO_FOLDERS) };
}

/** The first file of that name, by default in PATH and where the system's own programs are. */
export function findProgram(
  name: string,
  folders: readonly string[] = [...(process.env['PATH'] ?? '').split(':'), ...SUDO_FOLDERS],
): string | undefined {
  return folders.map((folder) => join(folder || '.', name)).find((file) => real(file) !== undefined);
}

/** Those that texts name, by their first words; a test compares with the table. */
export const NAMED =
  /((?:sudo|doas)(?: -\S+)* )?(?<![\w./-])mirrord(?= (?:up|down|status|explain|ls|env|exec|verify-config|doctor|agent-code|completion|version|help|diagnose|logs|report|--help)\b)/g;

let ours: Invocation | undefined;

/** The commands in `text`, each called as it can be. */
export function pasteable(text: string, invocation?: Invocation): string {
  const { plain, asRoot } = invocation ?? (ours ??= invocationOf(COMMAND, process.env['PATH']));
  return text.replace(NAMED, (_call, as: string | undefined) => (as === undefined ? plain : `${as}${asRoot}`));
}

/** One word of a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function real(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
