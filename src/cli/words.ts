/** The words of a command line that mean nothing here: what may have been meant instead. */
import { editDistance } from '../edit-distance.ts';
import { MirrordError } from '../errors.ts';
import { FLAG_OF_ARGUMENT, OTHER_COMMANDS } from './habits.ts';

/** What of a command in the table is needed here. */
export interface CommandWords {
  readonly args?: object;
  readonly flags?: Readonly<Record<string, object>>;
  readonly strict: boolean;
  readonly hiddenAliases: readonly string[];
}

/** By their ids, in which a colon joins the words: `diagnose:latency`. */
export type CommandTable = Readonly<Record<string, CommandWords>>;

/** What oclif answers in the place of a command. */
const ANSWERED: ReadonlySet<string> = new Set(['--help', '-h', '--version', '-V']);

/** Throws for a command that does not exist, and for an argument of one that takes none: oclif would join both by a colon. */
export function checkCommand(args: readonly string[], table: CommandTable): void {
  if (args[0]?.startsWith('-') && !args.some((arg) => ANSWERED.has(arg))) {
    throw usage('Write the command first, then its flags.', undefined, []);
  }
  const end = args.findIndex((arg) => arg.startsWith('-'));
  const words = end < 0 ? args : args.slice(0, end);
  const asked = words[0] === 'help' ? words.slice(1) : words;
  if (asked.length === 0) return;
  const id = findCommand(asked, table);
  const command = id === undefined ? undefined : table[id];
  if (id === undefined || command === undefined) {
    if (!isTopic(asked, table)) throw unknownCommand(asked, table);
    return;
  }
  const rest = asked.slice(id.split(':').length);
  const takesArguments = !command.strict || Object.keys(command.args ?? {}).length > 0;
  if (rest.length > 0 && !takesArguments) throw unexpectedArguments(id, rest);
}

/** The id of the command that `words` begin with. */
export function findCommand([first = '', second = '']: readonly string[], table: CommandTable): string | undefined {
  const ids = [`${first}:${second}`, first];
  return (
    ids.find((id) => Object.hasOwn(table, id)) ??
    Object.entries(table).find(([, { hiddenAliases }]) => hiddenAliases.includes(first))?.[0]
  );
}

/** `words`: flags that the command does not have, with their dashes. */
export function unknownFlags(id: string, words: readonly string[], table: CommandTable): MirrordError {
  const known = Object.keys(table[id]?.flags ?? {}).map((name) => `--${name}`);
  const near = words.flatMap((word) => (word.startsWith('--') ? nearest(word, known) : []));
  return usage(`${titleOf(id)} has no ${words.length === 1 ? 'flag' : 'flags'} ${words.join(', ')}.`, id, meant(near));
}

export function unexpectedArguments(id: string, words: readonly string[]): MirrordError {
  const flag = FLAG_OF_ARGUMENT.get(id);
  const help = flag === undefined ? [] : [`${flag.what} goes with a flag: ${flag.command} ${words[0] ?? ''}`];
  return usage(`${titleOf(id)} does not take the argument "${words.join(' ')}".`, id, help);
}

function unknownCommand(words: readonly string[], table: CommandTable): MirrordError {
  const known = Object.entries(table).flatMap(([id, { hiddenAliases }]) => [spoken(id), ...hiddenAliases]);
  const topic = known.filter((name) => name.startsWith(`${words[0]} `));
  const text = topic.length > 0 ? words.slice(0, 2).join(' ') : (words[0] ?? '');
  const advice = OTHER_COMMANDS.get(text);
  const near = nearest(text, topic.length > 0 ? topic : known).map((name) => `mirrord ${name}`);
  return usage(`There is no command "${text}".`, undefined, advice === undefined ? meant(near) : [advice]);
}

const isTopic = (words: readonly string[], table: CommandTable): boolean =>
  words.length === 1 && Object.keys(table).some((id) => id.startsWith(`${words[0]}:`));

/** The one that is close enough to be a slip of the fingers: a third of its letters. */
function nearest(word: string, known: readonly string[]): string[] {
  const scored = known.map((name) => ({ name, cost: editDistance(word, name) }));
  const best = scored.toSorted((a, b) => a.cost - b.cost)[0];
  return best !== undefined && best.cost <= Math.ceil(best.name.length / 3) ? [best.name] : [];
}

const meant = (names: readonly string[]): string[] => (names.length === 0 ? [] : [`Did you mean: ${names.join(', ')}`]);

const spoken = (id: string): string => id.replaceAll(':', ' ');
const titleOf = (id: string): string => `mirrord ${spoken(id)}`;

function usage(message: string, id: string | undefined, help: readonly string[]): MirrordError {
  const see = `See: ${id === undefined ? 'mirrord' : titleOf(id)} --help`;
  return new MirrordError('usage', 'usage', message, { help: [...help, see].join('\n') });
}
