/** What `target` may say: a Kubernetes object, or a network namespace or process of this machine. */

import { TARGET_KINDS, type TargetKind, targetKind } from '../target-kinds.ts';

export type Target =
  | { readonly kind: 'targetless' }
  | { readonly kind: TargetKind; readonly name: string; readonly container?: string }
  /** Any one pod that matches a label selector: `app=web,tier=front`. */
  | { readonly kind: 'label'; readonly selector: string; readonly container?: string }
  /** A network namespace of this machine, by its name under /run/netns. */
  | { readonly kind: 'netns'; readonly name: string }
  | { readonly kind: 'process'; readonly pid: number };

export type ParsedTarget = { readonly target: Target } | { readonly reason: string };

/** RFC 1123 subdomain, as Kubernetes wants object names. */
export const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** RFC 1123 label, as Kubernetes wants namespaces and containers. */
export const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
export const LABEL_KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
export const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
const MAX_SUBDOMAIN = 253;
/** PID_MAX_LIMIT of include/linux/threads.h. */
const MAX_PID = 4_194_304;
const FORMS = `targetless, ${TARGET_KINDS.map((kind) => `${kind}/NAME`).join(', ')} or label/KEY=VALUE,... (each optionally with /container/NAME), netns/NAME, process/PID`;

/** Kinds that mirrord takes and that have no pods of their own, with what to write for one. */
const MAKERS: ReadonlyMap<string, string> = new Map([
  [
    'rollout',
    "write replicaset/NAME of the ReplicaSet that the Rollout has made, or label/KEY=VALUE with its pods' labels",
  ],
  ['cronjob', 'write job/NAME of a Job that the CronJob has started and that is running; `mirrord ls` lists them'],
]);
const NAMESPACE_APART = 'write the namespace separately, in target.namespace or after -n';
/** What people write for no target at all. */
const NO_TARGET = /^(none|null|no|target-?less)$/i;

/** Reads `deployment/web/container/app` and its kin. */
export function parseTarget(text: string): ParsedTarget {
  if (text === 'targetless') return { target: { kind: 'targetless' } };
  if (NO_TARGET.test(text)) return { reason: 'write "targetless", or leave the target out' };
  const slash = text.indexOf('/');
  if (slash < 0) return { reason: `it has no kind; did you mean pod/${text}? Allowed forms: ${FORMS}` };
  const word = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  if (word === 'netns') return parseNamespace(rest);
  if (word === 'process') return parseProcess(rest);
  if (word === 'label') return parseLabel(rest);
  const kind = targetKind(word);
  const parts = rest.split('/');
  if (kind === undefined) return { reason: wrongKind(word, parts) };
  const [name = '', keyword, container] = parts;
  if (!SUBDOMAIN.test(name) || name.length > MAX_SUBDOMAIN)
    return { reason: `${JSON.stringify(name)} is not a valid name of a Kubernetes object` };
  if (parts.length === 1) return { target: { kind, name } };
  if (parts.length !== 3 || keyword !== 'container')
    return { reason: `after the name only /container/NAME may follow; ${NAMESPACE_APART}` };
  return withContainer({ kind, name }, container);
}

/** `rest`: the parts after `word`. */
function wrongKind(word: string, rest: readonly string[]): string {
  // `prod/deployment/web`
  if (rest.length > 1 && targetKind(rest[0] ?? '') !== undefined) return `write ${rest.join('/')}; ${NAMESPACE_APART}`;
  const instead = MAKERS.get(word) ?? MAKERS.get(word.replace(/s$/, ''));
  const reason = `there is no target kind ${JSON.stringify(word)}`;
  return instead === undefined ? `${reason}; allowed forms: ${FORMS}` : `${reason}; ${instead}`;
}

/** The text that `parseTarget` reads. */
export function formatTarget(target: Target): string {
  switch (target.kind) {
    case 'targetless':
      return 'targetless';
    case 'netns':
      return `netns/${target.name}`;
    case 'process':
      return `process/${target.pid}`;
    case 'label':
      return `label/${target.selector}${containerSuffix(target)}`;
    default:
      return `${target.kind}/${target.name}${containerSuffix(target)}`;
  }
}

function containerSuffix(target: { readonly container?: string }): string {
  return target.container === undefined ? '' : `/container/${target.container}`;
}

function parseNamespace(name: string): ParsedTarget {
  // A file name under /run/netns, as `ip netns` makes it.
  if (name === '' || name === '.' || name === '..' || /[/\0\s]/.test(name) || name.length > 255) {
    return { reason: `${JSON.stringify(name)} is not a valid name of a network namespace` };
  }
  return { target: { kind: 'netns', name } };
}

function parseProcess(text: string): ParsedTarget {
  const pid = Number(text);
  if (!/^[1-9][0-9]*$/.test(text) || pid > MAX_PID) return { reason: `${JSON.stringify(text)} is not a process ID` };
  return { target: { kind: 'process', pid } };
}

function parseLabel(text: string): ParsedTarget {
  // A key may have a slash of its own, so the container is looked for from the end.
  const mark = text.lastIndexOf('/container/');
  const selector = mark < 0 ? text : text.slice(0, mark);
  for (const pair of selector.split(',')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || !LABEL_KEY.test(pair.slice(0, equals)) || !LABEL_VALUE.test(pair.slice(equals + 1))) {
      return { reason: `${JSON.stringify(pair)} is not a label of the form KEY=VALUE` };
    }
  }
  const target = { kind: 'label', selector } as const;
  return mark < 0 ? { target } : withContainer(target, text.slice(mark + '/container/'.length));
}

function withContainer(target: Extract<Target, { container?: string }>, container: string | undefined): ParsedTarget {
  if (container === undefined || !LABEL.test(container)) {
    return { reason: `${JSON.stringify(container ?? '')} is not a valid container name` };
  }
  return { target: { ...target, container } };
}
