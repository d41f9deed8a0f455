/**
 * `-f` and `--config-file` without a path mean the project's own file.
 *
 * oclif knows no option whose value may be left out, so the folder is put in before it parses.  What looks like a flag is
 * no path (`-f -t x`); `-` is standard input.
 */
import { DEFAULT_FOLDER } from '../config/flags.ts';
import { type CommandTable, findCommand } from './words.ts';

/** Flags without a value may stand in front of it: `up -vf`. */
const WITHOUT_PATH = /^(--config-file|-[Acv]*f)$/;

/** Of a command that has the flag: `logs -f` follows. */
export function completeConfigFile(args: readonly string[], table: CommandTable): readonly string[] {
  const command = findCommand(args, table);
  if (command !== undefined && !Object.hasOwn(table[command]?.flags ?? {}, 'config-file')) return args;
  const separator = args.indexOf('--');
  const end = separator < 0 ? args.length : separator;
  const own = args.slice(0, end);
  const isAlone = (arg: string, next: string | undefined): boolean =>
    WITHOUT_PATH.test(arg) && (next === undefined || /^-./.test(next));
  const completed = own.flatMap((arg, index) => (isAlone(arg, own[index + 1]) ? [arg, DEFAULT_FOLDER] : [arg]));
  return [...completed, ...args.slice(end)];
}
