/**
 * What types alone cannot say: everything that can be wrong without a cluster, all of it found here.
 */
import { access, constants, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { checkExpression } from '../environment/index.ts';
import { checkNetwork, type Fault } from '../filter/index.ts';
import { checkHttpFilter } from './http-filter-schema.ts';
import type { Layers } from './layers.ts';
import type { Path, Problem } from './problem.ts';
import type { ConfigSchema } from './schema.ts';
import { AGENT_DNS, LEAST_WAIT, startableImage } from './agent-schema.ts';
import { getAt } from './tree.ts';
import { LABEL, LABEL_KEY, LABEL_VALUE, parseTarget, SUBDOMAIN, type Target } from './target.ts';

export interface Findings {
  readonly problems: Problem[];
  readonly warnings: Problem[];
}

/** `cwd` is where relative paths start. */
export async function checkSemantics(config: ConfigSchema, layers: Layers, cwd: string): Promise<Findings> {
  const check = new Check(layers);
  check.network(config);
  const target = check.target(config);
  check.incoming(config, target);
  check.agent(config, target);
  check.env(config);
  await check.files(config, cwd);
  return check;
}

class Check implements Findings {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #layers: Layers;

  constructor(layers: Layers) {
    this.#layers = layers;
  }

  network(config: ConfigSchema): void {
    const { faults, warnings } = checkNetwork(config.feature.network);
    for (const fault of faults) this.problems.push(this.#located(fault));
    this.warnings.push(...gather(warnings).map((fault) => this.#located(fault)));
  }

  target({ target }: ConfigSchema): Target | null {
    if (target.namespace !== undefined && !LABEL.test(target.namespace)) {
      this.#fault('target.namespace', target.namespace, 'it is not a valid namespace name');
    }
    const parsed = parseTarget(target.path);
    if ('target' in parsed) return parsed.target;
    this.#fault('target.path', target.path, parsed.reason);
    return null;
  }

  agent({ agent, target: { namespace } }: ConfigSchema, target: Target | null): void {
    for (const key of ['namespace', 'service_account', 'priority_class'] as const) {
      const value = agent[key];
      const pattern = key === 'namespace' ? LABEL : SUBDOMAIN;
      if (value !== undefined && !pattern.test(value))
        this.#fault(`agent.${key}`, value, 'it is not a valid Kubernetes name');
    }
    for (const key of ['labels', 'annotations', 'node_selector'] as const) {
      for (const [name, value] of Object.entries(agent[key])) {
        if (!LABEL_KEY.test(name))
          this.#fault(`agent.${key}`, name, `${JSON.stringify(name)} is not a valid label name`);
        else if (key !== 'annotations' && !LABEL_VALUE.test(value)) {
          this.#fault(`agent.${key}`, value, `${JSON.stringify(value)} is not a valid label value`);
        }
      }
    }
    const image = startableImage(agent.image);
    if (image !== agent.image)
      this.#warn('agent.image', agent.image, `it does not contain Node, which the agent needs, so ${image} is used`);
    const { communication_timeout: waits } = agent;
    if (waits < LEAST_WAIT && getAt(this.#layers.tree, 'agent.communication_timeout') !== undefined) {
      const reason = `connections survive a lost path for ${LEAST_WAIT} s, so the agent lives at least that long`;
      this.#warn('agent.communication_timeout', waits, reason);
    }
    if (!isDeepStrictEqual(agent.dns, AGENT_DNS)) {
      const reason = "the agent asks as the pod's resolv.conf says, and within 2 s, so it has no effect";
      this.#warn('agent.dns', agent.dns, reason);
    }
    const isPod = target !== null && !['targetless', 'netns', 'process'].includes(target.kind);
    if (agent.ephemeral && target !== null && !isPod) {
      // Without a target in the file, one may still come with -t.
      if (getAt(this.#layers.tree, 'target.path') !== undefined)
        this.#fault('agent.ephemeral', true, 'an ephemeral container needs a pod as its target');
      else
        this.#warn('agent.ephemeral', true, 'an ephemeral container needs a pod as its target, and no target is set');
    }
    if (agent.namespace === undefined || agent.namespace === namespace) return;
    if (agent.ephemeral) {
      this.#warn(
        'agent.namespace',
        agent.namespace,
        "an ephemeral container lives in its target's namespace, so it has no effect",
      );
    } else if (target?.kind === 'targetless') {
      this.#warn(
        'agent.namespace',
        agent.namespace,
        'without a target the agent lives in target.namespace, so it has no effect',
      );
    }
  }

  incoming({ feature: { network } }: ConfigSchema, target: Target | null): void {
    const { mode, ports, ignore_ports: ignored, port_mapping: mapping, http_filter: filter } = network.incoming;
    if (ports !== undefined && ignored !== undefined)
      this.#fault(INCOMING, { ports, ignore_ports: ignored }, 'ports and ignore_ports exclude each other; keep one');
    for (const [side, name] of ['local', 'remote'].entries()) {
      const numbers = mapping.map((pair) => pair[side]);
      const twice = numbers.find((number, index) => numbers.indexOf(number) !== index);
      if (twice !== undefined)
        this.#fault(`${INCOMING}.port_mapping`, mapping, `the ${name} port ${twice} appears twice`);
    }
    for (const [local, remote] of mapping) {
      if (local === remote) this.#warn(`${INCOMING}.port_mapping`, [local, remote], 'it is the same port anyway');
    }
    for (const { key, value, reason } of checkHttpFilter(filter ?? {}))
      this.#fault(`${INCOMING}.http_filter${key === '' ? '' : `.${key}`}`, value, reason);
    if (mode === 'mirror')
      this.#warn(`${INCOMING}.mode`, mode, 'mirroring is not supported, so incoming traffic stays with the target');
    const isTold = (key: string): boolean =>
      this.#layers.originOf(toPath(`${INCOMING}.${key}`)).kind === 'command line';
    if (mode !== 'steal') {
      if (TOLD_FILTERS.some((key) => isTold(`http_filter.${key}`)))
        this.#fault(`${INCOMING}.http_filter`, filter, 'requests are taken with --steal only');
      if (isTold('ports')) this.#fault(`${INCOMING}.ports`, ports, 'ports are taken with --steal only');
      return;
    }
    if (target?.kind !== 'targetless') return;
    const reason = 'there is no target to take traffic from';
    if (isTold('mode')) this.#fault(`${INCOMING}.mode`, mode, reason);
    else this.#warn(`${INCOMING}.mode`, mode, reason);
  }

  env({ feature: { env } }: ConfigSchema): void {
    if (env.include !== undefined && env.exclude !== undefined) {
      this.#fault(
        'feature.env',
        { include: env.include, exclude: env.exclude },
        'include and exclude exclude each other; keep one',
      );
    }
    for (const pattern of Object.keys(env.mapping)) {
      try {
        checkExpression(pattern);
      } catch (error) {
        const reason =
          error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
        this.#fault(
          'feature.env.mapping',
          pattern,
          `${JSON.stringify(pattern)} is not a valid regular expression: ${reason}`,
        );
      }
    }
    for (const name of Object.keys(env.override)) this.#variable('feature.env.override', name);
    for (const name of env.unset ?? []) this.#variable('feature.env.unset', name);
  }

  async files({ feature: { env }, kubeconfig }: ConfigSchema, cwd: string): Promise<void> {
    // Whichever way it fails, the user has to look at the same thing.
    const isReadable = async (path: string): Promise<boolean> => {
      const full = resolve(cwd, path);
      const [facts] = await Promise.all([stat(full), access(full, constants.R_OK)]).catch(() => []);
      return facts !== undefined && !facts.isDirectory();
    };
    if (env.env_file !== undefined && !(await isReadable(env.env_file)))
      this.#fault('feature.env.env_file', env.env_file, 'the file cannot be read');
    // Of several files some may be missing; and a file of the team's may name one that is only there for some.
    const kubeconfigs = (kubeconfig ?? '').split(':').filter((path) => path !== '');
    if (kubeconfigs.length > 0 && !(await Promise.all(kubeconfigs.map(isReadable))).includes(true))
      this.#warn('kubeconfig', kubeconfig, 'the file does not exist or cannot be read');
  }

  #variable(key: string, name: string): void {
    if (name === '' || name.includes('=') || name.includes('\0')) {
      this.#fault(key, name, `${JSON.stringify(name)} is not a valid variable name`);
    }
  }

  #fault(key: string, value: unknown, reason: string): void {
    this.problems.push(this.#located({ key, value, reason }));
  }

  #warn(key: string, value: unknown, reason: string): void {
    this.warnings.push(this.#located({ key, value, reason }));
  }

  #located(fault: Fault): Problem {
    return { ...fault, origin: this.#layers.originOf(toPath(fault.key)) };
  }
}

/** Many entries with the same fate are one warning: the first stands for them. */
function gather(warnings: readonly Fault[]): Fault[] {
  const byReason = Map.groupBy(warnings, ({ reason }) => reason);
  return [...byReason.values()].map(([first, ...others]) => {
    if (first === undefined) throw new Error('a group has a member');
    return others.length === 0
      ? first
      : { ...first, reason: `${first.reason} (and ${others.length} more such entries)` };
  });
}

const INCOMING = 'feature.network.incoming';
/** Of those that have a flag. */
const TOLD_FILTERS = ['header_filter', 'path_filter', 'method_filter'];

/** Below it stand names, which have dots of their own. */
const HOSTS = 'feature.network.dns.hosts';

/** `a.b[2]` as its parts. */
function toPath(key: string): Path {
  if (key.startsWith(`${HOSTS}.`)) return [...HOSTS.split('.'), key.slice(HOSTS.length + 1)];
  return key.split(/\.|(?=\[)/).map((part) => (part.startsWith('[') ? Number(part.slice(1, -1)) : part));
}
