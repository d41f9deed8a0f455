/**
 * `mirrord exec npm run build --help`: from the first word that is not a flag of exec's own, all belongs to the command.
 *
 * Puts in the `--` that says so, before anybody looks for `--help` or unknown flags.
 */
export function separateCommand(args: readonly string[]): readonly string[] {
  if (args[0] !== 'exec') return args;
  let index = 1;
  for (let arg = args[index]; arg?.startsWith('-'); arg = args[index]) {
    if (arg === '--') return args;
    index += arg === '--name' ? 2 : 1;
  }
  return args[index] === undefined ? args : [...args.slice(0, index), '--', ...args.slice(index)];
}

/** What stands before and after the first `--`. */
export function splitCommand(args: readonly string[]): {
  readonly own: readonly string[];
  readonly command: readonly string[];
} {
  const separator = args.indexOf('--');
  if (separator < 0) return { own: args, command: [] };
  return { own: args.slice(0, separator), command: args.slice(separator + 1) };
}
