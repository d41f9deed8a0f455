/** In which form a command answers, as kubectl has it: `-o json|yaml|table`, and `--json` for the first. */
export const FORMATS = ['json', 'yaml', 'table'] as const;
export type Format = (typeof FORMATS)[number];
/** Those that programs read. */
export type DataFormat = Exclude<Format, 'table'>;

export const formatOf = ({ output, json }: { readonly output?: Format | undefined; readonly json?: boolean }): Format =>
  output ?? (json === true ? 'json' : 'table');

const OPTION = /^(?:-o|--output)(?:=?(.+))?$/;

/** The same of a command line that may be wrong: errors have this form, too. */
export function formatOfWords(words: readonly string[]): Format {
  const known = (word: string | undefined): Format | undefined => FORMATS.find((format) => format === word);
  const given = words.flatMap((word, index) => {
    const [option, value] = OPTION.exec(word) ?? [];
    const format = option === undefined ? undefined : known(value ?? words[index + 1]);
    return format === undefined ? [] : [format];
  });
  return formatOf({ output: given.at(-1), json: words.includes('--json') });
}

/** A command line whose answer has the form that is left out. */
export function withoutFormat(words: readonly string[]): readonly string[] {
  return words.filter((word, index) => {
    const isValue = ['-o', '--output'].includes(words[index - 1] ?? '');
    return word !== '--json' && !isValue && !OPTION.test(word);
  });
}
