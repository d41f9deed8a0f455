/** What a template may ask for; undefined is an error unless a default is given. */
export interface TemplateValues {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** A template that cannot be rendered. */
export class TemplateError extends Error {
  /** Line of the source, from 1. */
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

type Scalar = string | number | boolean;
/** A value, or the reason why there is none, which `default` makes up for. */
type Value = { readonly value: Scalar } | { readonly missing: string };
type Arguments = ReadonlyMap<string, Scalar>;

const FILTERS: Readonly<Record<string, (value: string, args: Arguments) => Scalar>> = {
  lower: (value) => value.toLowerCase(),
  upper: (value) => value.toUpperCase(),
  trim: (value) => value.trim(),
  replace: (value, args) => value.replaceAll(argument(args, 'from'), argument(args, 'to')),
  slugify: (value) =>
    value
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, ''),
  regex_escape: (value) =>
    value.replaceAll(/[.*+?^${}()|[\]\\]/g, (character) => `[${character === '^' ? '\\^' : character}]`),
};

/** `primary ( "|" filter )*`, where a primary is a literal, a variable or `get_env(...)`. */
export class Expression {
  readonly #tokens: readonly string[];
  readonly #line: number;
  readonly #values: TemplateValues;
  #next = 0;

  constructor(text: string, line: number, values: TemplateValues) {
    this.#line = line;
    this.#values = values;
    this.#tokens = this.#tokenize(text);
  }

  evaluate(): string {
    let result = this.#primary();
    while (this.#peek() === '|') {
      this.#next++;
      result = this.#filter(result);
    }
    if (this.#peek() !== undefined) this.#fail(`${JSON.stringify(this.#peek())} is unexpected`);
    if ('missing' in result) this.#fail(result.missing);
    return String(result.value);
  }

  #primary(): Value {
    const token = this.#take('a value');
    const literal = toLiteral(token);
    if (literal !== undefined) return { value: literal };
    if (!/^[A-Za-z_]/.test(token)) this.#fail(`${JSON.stringify(token)} is unexpected`);
    if (this.#peek() === '(') return this.#call(token, this.#arguments());
    if (!Object.hasOwn(this.#values.variables, token)) {
      const known = Object.keys(this.#values.variables).join(', ');
      return { missing: `unknown variable ${token}; available: ${known}` };
    }
    const value = this.#values.variables[token];
    return value === undefined ? { missing: `${token} is not defined here, and there is no default` } : { value };
  }

  #call(name: string, args: Arguments): Value {
    if (name !== 'get_env') this.#fail(`unknown function ${name}; available: get_env`);
    const given = args.get('name');
    if (given === undefined) this.#fail('get_env needs an argument: get_env(name="X")');
    const variable = String(given);
    const { env } = this.#values;
    const value = (Object.hasOwn(env, variable) ? env[variable] : undefined) ?? args.get('default');
    if (value !== undefined) return { value };
    return { missing: `the environment variable ${variable} is not set, and there is no default` };
  }

  #filter(input: Value): Value {
    const name = this.#take('a filter');
    const args = this.#peek() === '(' ? this.#arguments() : new Map<string, Scalar>();
    if (name === 'default') {
      const value = args.get('value');
      if (value === undefined) this.#fail('default needs an argument: default(value="x")');
      return 'missing' in input ? { value } : input;
    }
    const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
    if (filter === undefined)
      this.#fail(`unknown filter ${name}; available: default, ${Object.keys(FILTERS).join(', ')}`);
    if ('missing' in input) return input;
    try {
      return { value: filter(String(input.value), args) };
    } catch (error) {
      if (error instanceof RangeError) this.#fail(error.message);
      throw error;
    }
  }

  #arguments(): Arguments {
    const args = new Map<string, Scalar>();
    this.#next++;
    while (this.#peek() !== ')') {
      const name = this.#take('an argument');
      if (this.#take('`=`') !== '=') this.#fail('write an argument as name=value');
      const value = toLiteral(this.#take('a value'));
      if (value === undefined) this.#fail(`the value of ${name} is a string, a number, true or false`);
      args.set(name, value);
      if (this.#peek() === ',') this.#next++;
      else if (this.#peek() !== ')') this.#fail('the parenthesis is not closed');
    }
    this.#next++;
    return args;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next];
  }

  #take(what: string): string {
    const token = this.#tokens[this.#next++];
    if (token === undefined) this.#fail(`${what} is missing`);
    return token;
  }

  #tokenize(text: string): string[] {
    const tokens: string[] = [];
    const pattern = /\s+|("[^"]*"|'[^']*'|`[^`]*`|[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+(?:\.[0-9]+)?|[|(),=])/y;
    while (pattern.lastIndex < text.length) {
      const at = pattern.lastIndex;
      const match = pattern.exec(text);
      if (match === null) this.#fail(`${JSON.stringify(text.slice(at, at + 20).trim())} is not understood`);
      if (match[1] !== undefined) tokens.push(match[1]);
    }
    return tokens;
  }

  #fail(reason: string): never {
    throw new TemplateError(this.#line, reason);
  }
}

function toLiteral(token: string): Scalar | undefined {
  if (/^["'`]/.test(token)) return token.slice(1, -1);
  if (/^-?[0-9]/.test(token)) return Number(token);
  return token === 'true' ? true : token === 'false' ? false : undefined;
}

function argument(args: Arguments, name: string): string {
  const value = args.get(name);
  if (value === undefined) throw new RangeError(`the filter needs the argument ${name}`);
  return String(value);
}
