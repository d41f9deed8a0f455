/** `mirrord completion`: a shell's own script, made of the command table. */
export type Shell = 'bash' | 'zsh' | 'fish';

interface Flag {
  readonly type: string;
  readonly char?: string;
  readonly description?: string;
  readonly hidden?: boolean;
  readonly helpValue?: string | readonly string[];
  /** The values that there are. */
  readonly options?: readonly string[];
}

interface Completable {
  readonly summary?: string | undefined;
  readonly args?: Readonly<Record<string, { readonly options?: readonly string[] }>>;
  readonly flags?: Readonly<Record<string, Flag>>;
}

interface Entry {
  /** Without colons: `diagnose latency`. */
  readonly words: string;
  readonly summary: string;
  readonly flags: readonly (Flag & { readonly name: string })[];
  /** Values of the first argument. */
  readonly values: readonly string[];
}

export function completion(shell: Shell, table: Readonly<Record<string, Completable>>): string {
  const entries = Object.entries(table).map(([id, { summary = '', flags = {}, args = {} }]): Entry => {
    const shown = Object.entries(flags).filter(([, { hidden }]) => hidden !== true);
    return {
      words: id.replaceAll(':', ' '),
      summary,
      flags: [
        ...shown.map(([name, flag]) => ({ ...flag, name })),
        { name: 'help', char: 'h', type: 'boolean', description: 'show help' },
      ],
      values: Object.values(args)[0]?.options ?? [],
    };
  });
  switch (shell) {
    case 'bash':
      return bash(entries);
    case 'zsh':
      // Zsh runs completions of bash; its own form would say the same a second time.
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(entries)}`;
    case 'fish':
      return fish(entries);
  }
}

/** The function reads the words that stand on the line; `sudo mirrord` comes here by sudo's own completion. */
function bash(entries: readonly Entry[]): string {
  const firsts = firstWords(entries).join(' ');
  const seconds = entries.filter(({ words }) => words.includes(' '));
  return `_mirrord() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" choices=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${firsts}" -- "$current"))
    return
  fi
${seconds.map(({ words }) => bashTopic(words)).join('')}  case "$command" in
${entries.map(bashCase).join('')}  esac
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
}
complete -o default -F _mirrord mirrord
`;
}

function bashTopic(words: string): string {
  const [first = '', second = ''] = words.split(' ');
  return `  if [ "$command" = ${first} ]; then
    if [ "$COMP_CWORD" -eq 2 ]; then
      COMPREPLY=($(compgen -W "${second}" -- "$current"))
      return
    fi
    command="${first} \${COMP_WORDS[2]}"
  fi
`;
}

function bashCase({ words, flags, values }: Entry): string {
  const spellings = ({ name, char }: Entry['flags'][number]): string =>
    [`--${name}`, ...(char === undefined ? [] : [`-${char}`])].join(' | ');
  const valued = flags.filter(({ type }) => type === 'option');
  const cases = valued.map((flag) => {
    // Where the values are not known, bash goes on with its own: names of files.
    const found = flag.options === undefined ? 'COMPREPLY=(); return' : `choices="${flag.options.join(' ')}"`;
    return `        ${spellings(flag)}) ${found} ;;\n`;
  });
  const rest = `choices="${[...values, ...flags.map(({ name }) => `--${name}`)].join(' ')}"`;
  return `    "${words}")
      case "$previous" in
${cases.join('')}        *) ${rest} ;;
      esac
      ;;
`;
}

function fish(entries: readonly Entry[]): string {
  const lines = firstWords(entries).map((word) => {
    const summary = entries.find(({ words }) => words === word)?.summary ?? '';
    return `complete -c mirrord -n __fish_use_subcommand -f -a ${word} -d ${quoted(summary)}`;
  });
  for (const { words, summary, flags, values } of entries) {
    const [first = '', second] = words.split(' ');
    const seen = quoted(`__fish_seen_subcommand_from ${first}`);
    if (second !== undefined) lines.push(`complete -c mirrord -n ${seen} -f -a ${second} -d ${quoted(summary)}`);
    if (values.length > 0) lines.push(`complete -c mirrord -n ${seen} -f -a ${quoted(values.join(' '))}`);
    for (const { name, char, type, options, description = '' } of flags) {
      const value = type !== 'option' ? '' : options === undefined ? ' -r' : ` -x -a ${quoted(options.join(' '))}`;
      const short = char === undefined ? '' : ` -s ${char}`;
      lines.push(`complete -c mirrord -n ${seen} -l ${name}${short}${value} -d ${quoted(description)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const firstWords = (entries: readonly Entry[]): string[] => [
  ...new Set(entries.map(({ words }) => words.split(' ')[0] ?? '')),
];

/** In single quotes, fish knows two escapes. */
const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
