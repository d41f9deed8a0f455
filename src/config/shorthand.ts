/**
 * The shorter forms that a file may use, spelt out, so that every later step sees one form only.
 */
import { DEFAULT_AGENT_IMAGE } from './agent-schema.ts';
import { FIELDS } from './schema.ts';
import { TARGET_KINDS } from '../target-kinds.ts';
import { getAt, isTree, setAt, type Tree } from './tree.ts';

/** What `false` means; `true` is the same as leaving the key out.  An outer key stands before an inner one. */
const SWITCHES: ReadonlyMap<string, Tree> = new Map<string, Tree>([
  ['feature.network', { incoming: { mode: 'off' }, outgoing: { tcp: false, udp: false }, dns: { enabled: false } }],
  ['feature.network.outgoing', { tcp: false, udp: false }],
  ['feature.network.dns', { enabled: false }],
  ['feature.network.incoming.http_filter', {}],
  ['feature.env', { exclude: ['*'] }],
]);

const INCOMING = 'feature.network.incoming';

/** The kinds that the object form of `target.path` names. */
const TARGET_WORDS: ReadonlyMap<string, string> = new Map([
  ...TARGET_KINDS.map((kind) => [kind, kind] as const),
  ['stateful_set', 'statefulset'],
  ['replica_set', 'replicaset'],
  ['daemon_set', 'daemonset'],
  ['cron_job', 'cronjob'],
  ['cronjob', 'cronjob'],
  ['rollout', 'rollout'],
  ['label', 'label'],
  ['labels', 'label'],
]);

/** Spells out every shorthand of a file, in place. */
export function expandShorthands(tree: Tree): void {
  for (const path of SWITCHES.keys()) {
    const value = getAt(tree, path);
    if (typeof value === 'boolean') setAt(tree, path, expandSwitch(path, value));
  }
  expandIncoming(tree);
  const target = tree['target'];
  if (typeof target === 'string' || isTargetPath(target)) tree['target'] = { path: target };
  expandTargetPath(tree);
  expandSecurityContext(tree);
  for (const { path, facts } of FIELDS) {
    const value = facts.kind === 'list' || facts.kind === 'numbers' ? getAt(tree, path) : undefined;
    if (typeof value === 'string') setAt(tree, path, facts.split === true ? splitList(value) : [value]);
    if (typeof value === 'number') setAt(tree, path, [value]);
  }
  const secrets = getAt(tree, 'agent.image_pull_secrets');
  if (Array.isArray(secrets)) {
    setAt(
      tree,
      'agent.image_pull_secrets',
      secrets.map((secret: unknown) => (typeof secret === 'string' ? { name: secret } : secret)),
    );
  }
  const hosts = getAt(tree, 'feature.network.dns.hosts');
  if (isTree(hosts)) {
    for (const [name, address] of Object.entries(hosts)) if (typeof address === 'string') hosts[name] = [address];
  }
}

/** A word, or a switch, stands for the mode; an object without one mirrors, as mirrord has it. */
function expandIncoming(tree: Tree): void {
  const incoming = getAt(tree, INCOMING);
  if (typeof incoming === 'string') setAt(tree, INCOMING, { mode: incoming });
  else if (typeof incoming === 'boolean') setAt(tree, INCOMING, { mode: incoming ? 'mirror' : 'off' });
  else if (isTree(incoming)) incoming['mode'] ??= 'mirror';
}

/** The keys that a boolean for a whole group means, as dotted key and value; null when the key is no such group. */
export function switchedKeys(path: string, value: boolean): readonly (readonly [string, unknown])[] | null {
  return SWITCHES.has(path) ? leaves(expandSwitch(path, value), path) : null;
}

/** `A;B` as a list. */
export function splitList(text: string): string[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function expandSwitch(path: string, value: boolean): Tree {
  return value ? {} : structuredClone(SWITCHES.get(path) ?? {});
}

function leaves(tree: Tree, prefix: string): [string, unknown][] {
  return Object.entries(tree).flatMap(([key, value]): [string, unknown][] => {
    const path = `${prefix}.${key}`;
    return isTree(value) ? leaves(value, path) : [[path, value]];
  });
}

/** The object form of `target.path`, which may stand for all of `target` as its text may. */
function isTargetPath(target: unknown): boolean {
  if (!isTree(target)) return false;
  const words = Object.keys(target).filter((key) => key !== 'container');
  return words.length > 0 && words.every((word) => TARGET_WORDS.has(word));
}

/** Any other shape is left as it is, for the check of types to report. */
function expandTargetPath(tree: Tree): void {
  const path = getAt(tree, 'target.path');
  const text = isTree(path) ? targetText(path) : undefined;
  if (text !== undefined) setAt(tree, 'target.path', text);
}

/** `{"deployment": "web", "container": "app"}` is `deployment/web/container/app`. */
function targetText({ container, ...rest }: Tree): string | undefined {
  const [entry, ...others] = Object.entries(rest);
  const word = entry === undefined ? undefined : TARGET_WORDS.get(entry[0]);
  const name = entry === undefined ? undefined : targetName(entry[1]);
  if (word === undefined || name === undefined || others.length > 0) return undefined;
  return `${word}/${name}${typeof container === 'string' ? `/container/${container}` : ''}`;
}

/** A text, or labels: `{"app": "web"}` is `app=web`. */
function targetName(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!isTree(value)) return undefined;
  const pairs = Object.entries(value).map(([key, member]) => (typeof member === 'string' ? `${key}=${member}` : null));
  return pairs.includes(null) ? undefined : pairs.join(',');
}

/**
 * What `target` should have been, as JSON: namespace and container are often put on the wrong side of `path`.
 *
 * Undefined when no kind can be made out.
 */
export function suggestTarget(target: unknown): string | undefined {
  if (!isTree(target)) return undefined;
  const { path, namespace: outer, container: beside, ...around } = target;
  const { namespace: inner, container = beside, ...kinds } = isTree(path) ? { ...around, ...path } : around;
  const suffix = typeof container === 'string' ? `/container/${container}` : '';
  const text = typeof path === 'string' ? `${path}${suffix}` : targetText({ ...kinds, container });
  if (text === undefined) return undefined;
  return JSON.stringify({ path: text, namespace: outer ?? inner });
}

/** mirrord's words for Kubernetes' fields. */
const SECURITY_WORDS: ReadonlyMap<string, string> = new Map([
  ['seccomp_profile', 'seccompProfile'],
  ['app_armor_profile', 'appArmorProfile'],
  ['localhost_profile', 'localhostProfile'],
]);

function expandSecurityContext(tree: Tree): void {
  const inWords = (value: unknown): unknown =>
    isTree(value)
      ? Object.fromEntries(
          Object.entries(value).map(([key, member]) => [SECURITY_WORDS.get(key) ?? key, inWords(member)]),
        )
      : value;
  const context = getAt(tree, 'agent.security_context');
  if (context !== undefined) setAt(tree, 'agent.security_context', inWords(context));
}

/** `{"registry": ..., "tag": ...}` in one text: what is not given is that of the default image.  Null for another shape. */
export function composeImage({ registry, tag, ...rest }: Tree): string | null {
  const colon = DEFAULT_AGENT_IMAGE.lastIndexOf(':');
  const parts = [registry ?? DEFAULT_AGENT_IMAGE.slice(0, colon), tag ?? DEFAULT_AGENT_IMAGE.slice(colon + 1)];
  return Object.keys(rest).length === 0 && parts.every((part) => typeof part === 'string') ? parts.join(':') : null;
}
