/**
 * Precedence, key by key: command line > environment > file > default.
 */
import type { Kind } from './field.ts';
import type { ConfigFlags, PortPair } from './flags.ts';
import { IGNORED, isAsWished } from './ignored.ts';
import { formatPath, type Origin, type Path, type Problem } from './problem.ts';
import { FIELDS } from './schema.ts';
import { composeImage, expandShorthands, splitList, switchedKeys } from './shorthand.ts';
import type { Document } from './syntax.ts';
import { deleteAt, getAt, isTree, setAt, withoutNulls, type Tree } from './tree.ts';

const IMAGE_PARTS = [
  ['registry', 'MIRRORD_AGENT_IMAGE_REGISTRY'],
  ['tag', 'MIRRORD_AGENT_IMAGE_TAG'],
] as const;

export type Environment = Readonly<Record<string, string | undefined>>;

/** The layers on top of each other, with the origin of every key. */
export class Layers {
  tree: Tree = {};
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #origins = new Map<string, Origin>();
  #fileOrigin: (path: Path) => Origin = () => ({ kind: 'default' });

  file(name: string, document: Document): void {
    this.#fileOrigin = (path) => ({ kind: 'file', file: name, line: document.line(path) });
    const value = withoutNulls(document.value);
    if (!isTree(value)) {
      this.problems.push({ key: '', reason: 'an object with keys is expected', origin: this.#fileOrigin([]) });
      return;
    }
    // Here a null says something: it takes one of our own fields away.
    const context = isTree(document.value) ? getAt(document.value, 'agent.security_context') : undefined;
    if (isTree(context)) setAt(value, 'agent.security_context', structuredClone(context));
    // Editors find the schema by this key.
    delete value['$schema'];
    for (const [key, reason] of IGNORED) this.#ignore(value, key, reason);
    expandShorthands(value);
    this.tree = value;
  }

  environment(env: Environment): void {
    this.#completeImage(env);
    for (const { path, facts } of FIELDS) {
      const text = facts.env === undefined ? undefined : env[facts.env];
      // An empty variable is one that a script meant to leave out.
      if (facts.env === undefined || text === undefined || text === '') continue;
      this.#setText(path, facts.words?.[text.toLowerCase()] ?? text, { kind: 'environment', variable: facts.env });
    }
  }

  flags(flags: ConfigFlags): void {
    const origin: Origin = { kind: 'command line' };
    const values: readonly (readonly [string, unknown])[] = [
      ['target.path', flags.target],
      ['target.namespace', flags.namespace],
      ['kube_context', flags.context],
      ['kubeconfig', flags.kubeconfig],
      ['key', flags.key],
      ['feature.network.outgoing.routes.include', nonEmpty(flags.includeRoutes)],
      ['feature.network.outgoing.routes.exclude', nonEmpty(flags.excludeRoutes)],
      ['feature.network.dns.domains', nonEmpty(flags.domains)],
      ['feature.network.incoming.ports', nonEmpty(flags.ports?.map(({ remote }) => remote))],
      ['feature.network.incoming.port_mapping', nonEmpty(mapped(flags.ports ?? []))],
    ];
    for (const [path, value] of values) if (value !== undefined) this.#set(path, value, origin);
    for (const [path, value] of Object.entries(flags.overrides ?? {})) {
      const switched = typeof value === 'boolean' ? switchedKeys(path, value) : null;
      if (switched !== null) for (const [key, inner] of switched) this.#set(key, inner, origin);
      else if (typeof value === 'string') this.#setText(path, value, origin);
      else this.#set(path, value, origin);
    }
  }

  /** Where the value at `path` comes from. */
  originOf(path: Path): Origin {
    for (let length = path.length; length > 0; length--) {
      const origin = this.#origins.get(formatPath(path.slice(0, length)));
      if (origin !== undefined) return origin;
    }
    return this.#fileOrigin(path);
  }

  #set(path: string, value: unknown, origin: Origin): void {
    setAt(this.tree, path, value);
    this.#origins.set(path, origin);
  }

  #setText(path: string, text: string, origin: Origin): void {
    const kind = FIELDS.find((field) => field.path === path)?.facts.kind;
    const value = convert(text, kind);
    if (value === undefined) {
      const reason = NO_VALUE[kind ?? 'text'] ?? 'it must be a whole number';
      this.problems.push({ key: path, value: text, reason, origin });
    } else {
      this.#set(path, value, origin);
    }
  }

  /** The image as one text.  What the file leaves open of it has variables of its own; one for all goes before both. */
  #completeImage(env: Environment): void {
    const given = getAt(this.tree, 'agent.image');
    if (given !== undefined && !isTree(given)) return;
    const parts: Tree = { ...given };
    let origin: Origin | undefined;
    for (const [part, variable] of IMAGE_PARTS) {
      if (parts[part] !== undefined || !env[variable]) continue;
      parts[part] = env[variable];
      origin ??= { kind: 'environment', variable };
    }
    const image = given === undefined && origin === undefined ? null : composeImage(parts);
    // Any other shape is left as it is, for the check of types to report.
    if (image === null) return;
    setAt(this.tree, 'agent.image', image);
    if (origin !== undefined) this.#origins.set('agent.image', origin);
  }

  #ignore(value: Tree, key: string, reason: string): void {
    const given = getAt(value, key);
    if (given === undefined) return;
    const origin = this.#fileOrigin(key.split('.'));
    deleteAt(value, key);
    if (!isAsWished(key, given))
      this.warnings.push({ key, reason: `it is accepted, but has no effect: ${reason}`, origin });
  }
}

/** Why a text is none. */
const NO_VALUE: Readonly<Partial<Record<Kind, string>>> = {
  boolean: 'it must be true or false',
  numbers: 'it must be a list of whole numbers, separated by ;',
};

/** Undefined when the text is no such value. */
function convert(text: string, kind: Kind | undefined): unknown {
  switch (kind) {
    case 'boolean':
      if (/^(true|1)$/i.test(text)) return true;
      return /^(false|0)$/i.test(text) ? false : undefined;
    case 'number':
      return /^[0-9]+$/.test(text) ? Number(text) : undefined;
    case 'list':
      return splitList(text);
    case 'numbers': {
      const parts = splitList(text);
      return parts.every((part) => /^[0-9]+$/.test(part)) ? parts.map(Number) : undefined;
    }
    default:
      return text;
  }
}

/** Pairs whose numbers differ. */
const mapped = (ports: readonly PortPair[]): readonly (readonly [number, number])[] =>
  ports.filter(({ local, remote }) => local !== remote).map(({ local, remote }) => [local, remote]);

function nonEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}
