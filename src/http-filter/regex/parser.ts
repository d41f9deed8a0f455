/**
 * Reads a pattern: the dialect of Rust's `regex` crate, which mirrord's users write, with the look-around of `fancy-regex`.
 *
 * Not known: back references, atomic groups and possessive repeats (they have no bound in time), Unicode properties and
 * set operations inside brackets.  Each is refused by name.
 */
import { ALL, BLANKS, complement, DIGITS, NAMED, NEWLINE, union, withoutCase, WORD } from './character-set.ts';
import { PatternError } from './syntax.ts';
import type { Anchor, Range, Syntax } from './syntax.ts';

/** A count above it is a mistake, or an attack on the program that compiles the pattern. */
const COUNT_LIMIT = 1_000;
/** Groups within groups; more would need a deep stack. */
const DEPTH_LIMIT = 100;

const CLASSES: Readonly<Record<string, readonly Range[]>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: BLANKS,
  S: complement(BLANKS),
};
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7 };
const ANCHORS: Readonly<Record<string, Anchor>> = {
  A: 'text-start',
  z: 'text-end',
  b: 'word-edge',
  B: 'no-word-edge',
};

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
}

/** Throws a `PatternError`. */
export function parsePattern(pattern: string, ignoreCase: boolean): Syntax {
  return new Parser(pattern, { ignoreCase, multiLine: false, dotAll: false }).whole();
}

class Parser {
  readonly #pattern: string;
  #at = 0;
  #depth = 0;
  /** Inside the innermost group. */
  #flags: Flags;

  constructor(pattern: string, flags: Flags) {
    this.#pattern = pattern;
    this.#flags = flags;
  }

  whole(): Syntax {
    const syntax = this.#choice();
    if (this.#at < this.#pattern.length) throw this.#fail('unopened group');
    return syntax;
  }

  #choice(): Syntax {
    if (++this.#depth > DEPTH_LIMIT) throw this.#fail(`more than ${DEPTH_LIMIT} groups within each other`);
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    this.#depth--;
    return options.length === 1 ? options[0] : { kind: 'choice', options };
  }

  #sequence(): Syntax {
    const parts: Syntax[] = [];
    while (this.#at < this.#pattern.length && !this.#sees('|') && !this.#sees(')')) {
      const part = this.#part();
      if (part !== null) parts.push(part);
    }
    return { kind: 'sequence', parts };
  }

  /** One part with its repeat; null for `(?i)`, which says how to read what follows. */
  #part(): Syntax | null {
    const part = this.#atom();
    if (part === null) return null;
    let repeated: Syntax = part;
    for (let isFirst = true; ; isFirst = false) {
      const counts = this.#counts();
      if (counts === null) return repeated;
      if (!isFirst) throw this.#fail('a repeat of a repeat (possessive repeats are not supported)');
      if (part.kind === 'anchor' || part.kind === 'look') throw this.#fail('a repeat of something without width');
      // Greedy or not: the same texts match.
      this.#take('?');
      repeated = { kind: 'repeat', part, ...counts };
    }
  }

  #counts(): { least: number; most: number } | null {
    if (this.#take('*')) return { least: 0, most: Infinity };
    if (this.#take('+')) return { least: 1, most: Infinity };
    if (this.#take('?')) return { least: 0, most: 1 };
    const braces = /^\{(\d+)(,?)(\d*)\}/.exec(this.#pattern.slice(this.#at, this.#at + 32));
    if (braces === null) return null;
    const [all, low, comma, high] = braces as unknown as [string, string, string, string];
    const least = Number(low);
    const most = high === '' ? (comma === '' ? least : Infinity) : Number(high);
    if (comma === '' && high !== '') return null;
    if (least > COUNT_LIMIT || (most !== Infinity && most > COUNT_LIMIT))
      throw this.#fail(`a count above ${COUNT_LIMIT}`);
    if (most < least) throw this.#fail('a count that ends before it begins');
    this.#at += all.length;
    return { least, most };
  }

  #atom(): Syntax | null {
    const letter = this.#next();
    switch (letter) {
      case '(':
        return this.#group();
      case '[':
        return this.#set(this.#brackets());
      case '.':
        return this.#set(this.#flags.dotAll ? ALL : complement(NEWLINE));
      case '^':
        return { kind: 'anchor', anchor: this.#flags.multiLine ? 'line-start' : 'text-start' };
      case '$':
        return { kind: 'anchor', anchor: this.#flags.multiLine ? 'line-end' : 'text-end' };
      case '*':
      case '+':
      case '?':
        this.#at--;
        throw this.#fail('nothing to repeat');
      case '\\': {
        const anchor = ANCHORS[this.#peek()];
        if (anchor === undefined) return this.#set(this.#escape());
        this.#at++;
        return { kind: 'anchor', anchor };
      }
      default:
        return this.#set([single(letter.charCodeAt(0))]);
    }
  }

  #set(ranges: readonly Range[]): Syntax {
    return { kind: 'character', ranges: this.#flags.ignoreCase ? withoutCase(ranges) : union(ranges) };
  }

  #group(): Syntax | null {
    const outside = this.#flags;
    const look = this.#look();
    if (look === null && this.#take('?') && !this.#name() && this.#flagsUntil() === ')') return null;
    const part = this.#choice();
    if (!this.#take(')')) throw this.#fail('unclosed group');
    this.#flags = outside;
    return look === null ? part : { kind: 'look', part, ...look };
  }

  #look(): { isBehind: boolean; isNegated: boolean } | null {
    if (this.#take('?=')) return { isBehind: false, isNegated: false };
    if (this.#take('?!')) return { isBehind: false, isNegated: true };
    if (this.#take('?<=')) return { isBehind: true, isNegated: false };
    if (this.#take('?<!')) return { isBehind: true, isNegated: true };
    return null;
  }

  /** `P<name>` or `<name>`: the name is of no use here. */
  #name(): boolean {
    const name = /^P?<[A-Za-z_][\w.[\]]*>/.exec(this.#pattern.slice(this.#at));
    if (name === null) return false;
    this.#at += name[0].length;
    return true;
  }

  /** `i`, `s-m` and the like; returns what ends them: `:` of a group, or `)`. */
  #flagsUntil(): string {
    let isOn = true;
    for (;;) {
      const flag = this.#next();
      switch (flag) {
        case ':':
        case ')':
          return flag;
        case '-':
          isOn = false;
          break;
        case 'i':
          this.#flags = { ...this.#flags, ignoreCase: isOn };
          break;
        case 'm':
          this.#flags = { ...this.#flags, multiLine: isOn };
          break;
        case 's':
          this.#flags = { ...this.#flags, dotAll: isOn };
          break;
        // Greediness and Unicode: of no effect on whether a text matches here.
        case 'U':
        case 'u':
          break;
        default:
          this.#at--;
          throw this.#fail(flag === '>' ? 'an atomic group (not supported)' : 'an unknown kind of group');
      }
    }
  }

  #brackets(): readonly Range[] {
    const isNegated = this.#take('^');
    const ranges: Range[] = [];
    for (let isFirst = true; isFirst || !this.#sees(']'); isFirst = false) {
      if (this.#sees('&&') || this.#sees('--') || this.#sees('~~'))
        throw this.#fail('a set operation inside brackets (not supported)');
      const members = this.#member();
      const [first] = members;
      const isRange = this.#sees('-') && !this.#sees('-]') && members.length === 1 && first?.[0] === first?.[1];
      if (!isRange || first === undefined) {
        ranges.push(...members);
        continue;
      }
      this.#at++;
      const [last, ...others] = this.#member();
      if (last === undefined || others.length > 0 || last[0] !== last[1] || last[0] < first[0])
        throw this.#fail('a range that ends before it begins');
      ranges.push([first[0], last[0]]);
    }
    this.#at++;
    return isNegated ? complement(this.#flags.ignoreCase ? withoutCase(ranges) : ranges) : ranges;
  }

  #member(): readonly Range[] {
    const letter = this.#next('unclosed brackets');
    if (letter === '\\') return this.#escape();
    if (letter !== '[') return [single(letter.charCodeAt(0))];
    const named = /^:(\^?)(\w+):\]/.exec(this.#pattern.slice(this.#at, this.#at + 16));
    const ranges = named === null ? undefined : NAMED[named[2]];
    if (named === null || ranges === undefined) throw this.#fail('brackets inside brackets (not supported)');
    this.#at += named[0].length;
    return named[1] === '^' ? complement(ranges) : ranges;
  }

  /** Behind the backslash. */
  #escape(): readonly Range[] {
    const letter = this.#next('a lone backslash');
    const ranges = CLASSES[letter];
    if (ranges !== undefined) return ranges;
    const control = CONTROLS[letter];
    if (control !== undefined) return [single(control)];
    if (letter === 'x' || letter === 'u') return [single(this.#code(letter))];
    if (/[1-9k]/.test(letter)) throw this.#fail('a back reference (not supported: it has no bound in time)');
    if (/[pP]/.test(letter)) throw this.#fail('a Unicode property (not supported)');
    if (/[A-Za-z0]/.test(letter)) throw this.#fail(`an unknown escape, \\${letter}`);
    return [single(letter.charCodeAt(0))];
  }

  /** `41`, `0041` or `{41}`. */
  #code(kind: 'x' | 'u'): number {
    const digits = kind === 'x' ? /^(?:([\da-f]{2})|\{([\da-f]{1,6})\})/i : /^(?:([\da-f]{4})|\{([\da-f]{1,6})\})/i;
    const found = digits.exec(this.#pattern.slice(this.#at, this.#at + 8));
    const code = Number.parseInt(found?.[1] ?? found?.[2] ?? '', 16);
    if (found === null || code > 0xffff) throw this.#fail(`an unknown escape, \\${kind}`);
    this.#at += found[0].length;
    return code;
  }

  #next(missing = 'unclosed group'): string {
    const letter = this.#pattern[this.#at];
    if (letter === undefined) throw this.#fail(missing);
    this.#at++;
    return letter;
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? '';
  }

  #sees(text: string): boolean {
    return this.#pattern.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  #fail(what: string): PatternError {
    return new PatternError(`${what} at ${this.#at + 1}`);
  }
}

function single(code: number): Range {
  return [code, code];
}
