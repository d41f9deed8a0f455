/**
 * Regular expressions whose time is bounded: who writes requests to a target decides about the text, and JavaScript's own
 * engine can be made to run for hours by a text (`(a+)+$`).  This one follows all ways at once, remembers the sets of
 * ways that it has met as states (a lazy DFA), and never goes back.
 *
 * Only whether a text matches is told: there are no groups to read.
 */
import { Alphabet } from './alphabet.ts';
import { closureOf, NO_CHARACTER, read } from './closure.ts';
import type { Budget } from './closure.ts';
import { parsePattern } from './parser.ts';
import { compile } from './program.ts';
import type { Program } from './program.ts';
import { sweep } from './sweep.ts';
import { PatternError } from './syntax.ts';

/** A pattern's length, characters. */
const PATTERN_LIMIT = 10_000;
/** Steps of one search, each some 10 ns: a text that needs more does not match. */
const STEP_LIMIT = 5_000_000;
/** States remembered; each has a reference for each symbol, so that a pattern holds a megabyte at most. */
const STATE_LIMIT = 500;

interface State {
  /** Instructions that go on here, sorted. */
  readonly kernel: readonly number[];
  /** The last code unit that was read, or another one of its symbol. */
  readonly before: number;
  /** By symbol; the one behind the last stands for the end of the text. */
  readonly next: (State | undefined)[];
}

const MATCH: State = { kernel: [], before: NO_CHARACTER, next: [] };

export interface RegexOptions {
  readonly ignoreCase: boolean;
}

export class Regex {
  readonly #program: Program;
  readonly #alphabet: Alphabet;
  readonly #states = new Map<string, State>();
  #start: State;

  /** Searches unanchored.  Throws a `PatternError`. */
  constructor(pattern: string, { ignoreCase }: RegexOptions) {
    if (pattern.length > PATTERN_LIMIT) throw new PatternError(`longer than ${PATTERN_LIMIT} characters`);
    this.#program = compile(parsePattern(pattern, ignoreCase));
    this.#alphabet = new Alphabet(this.#program);
    this.#start = this.#state([], NO_CHARACTER);
  }

  /** Whether the text matches, given in parts: to put them together would cost more than the search. */
  test(...parts: readonly string[]): boolean {
    const budget = { left: STEP_LIMIT };
    if (this.#program.looks.length > 0) return this.#lookAround(parts.join(''), budget);
    let state = this.#start;
    for (const part of parts) {
      state = this.#follow(state, part, budget);
      if (state === MATCH) return true;
      if (budget.left < 0) return false;
    }
    return this.#step(state, this.#alphabet.size, budget) === MATCH;
  }

  #follow(from: State, part: string, budget: Budget): State {
    let state = from;
    for (let at = 0; at < part.length && state !== MATCH && budget.left >= 0; at++)
      state = this.#step(state, this.#alphabet.symbolOf(part.charCodeAt(at)), budget);
    return state;
  }

  #step(state: State, symbol: number, budget: Budget): State {
    return state.next[symbol] ?? this.#advance(state, symbol, budget);
  }

  #lookAround(text: string, budget: Budget): boolean {
    let isMatch = false;
    sweep(this.#program, text, false, budget, () => {
      isMatch = true;
      return true;
    });
    return isMatch;
  }

  #advance(state: State, symbol: number, budget: Budget): State {
    const after = symbol === this.#alphabet.size ? NO_CHARACTER : this.#alphabet.exampleOf(symbol);
    const from = [...state.kernel, this.#program.start];
    const closure = closureOf(this.#program, from, { before: state.before, after }, () => false, budget);
    const next = closure.isMatch ? MATCH : this.#state(read(this.#program, closure.readers, after), after);
    state.next[symbol] = next;
    return next;
  }

  #state(kernel: number[], before: number): State {
    kernel.sort((a, b) => a - b);
    const key = `${before}:${kernel.join()}`;
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#states.size >= STATE_LIMIT) this.#forget();
    const state = { kernel, before, next: [] };
    this.#states.set(key, state);
    return state;
  }

  /** A pattern with that many states is rare; what is needed is found again. */
  #forget(): void {
    this.#states.clear();
    this.#start = { kernel: [], before: NO_CHARACTER, next: [] };
  }
}
