/**
 * The resolver: one DNS message in, one out.
 *
 * Decides for each question whether the cluster or the machine's own servers answer it (`names/classify.ts`, and the
 * filter's rules through `ResolverPolicy`), expands cluster names by the pod's search list (`names/search-list.ts`), and
 * gives the answer under the name that was asked (`rewrite.ts`).  What goes to the machine's servers goes, and comes back,
 * byte for byte.
 *
 * Contract: every query is answered, SERVFAIL at worst: within 2 s when the agent is away, within 5 s when the machine's
 * servers are.  No answer about the cluster lives longer than 5 s.  Names that are not the cluster's never reach it.  The
 * number of questions in work is bounded.
 *
 * Only plain questions come here (`relay.ts`).
 *
 * What this folder must not know: how questions come to it (systemd-resolved, redirection, a file), what an agent is, what
 * a filter entry looks like.
 *
 * | question                                                    | answer                                                |
 * |-------------------------------------------------------------|-------------------------------------------------------|
 * | `localhost`                                                 | 127.0.0.1, ::1                                        |
 * | a fixed host of the policy, in any form of the name         | its addresses                                         |
 * | rule `local`                                                | the machine's hosts file, then the machine's servers  |
 * | a name of the target's hosts file                           | its addresses; but first the machine's hosts file     |
 * | rule `cluster`                                              | the cluster, and no other server                      |
 * | no rule: by its kind, see `names/classify.ts`               | the cluster (then the machine's servers), or only them|
 * | another class than IN                                       | the machine's servers                                 |
 */
import { classify, type NameKind } from '../names/classify.ts';
import { ClusterLookup, type ClusterOutcome } from './cluster-lookup.ts';
import { NoAnswer, withDeadline } from './deadline.ts';
import { InFlightQuestions, questionKey } from './in-flight.ts';
import { readQuery, type Query } from './query.ts';
import { readAddresses, readRecords } from './records.ts';
import { addressReply, emptyReply, fitReply, negativeReply } from './reply.ts';
import { relabel, rename } from './rewrite.ts';
import type { ClusterNames } from '../names/cluster-names.ts';
import { nameForms } from '../names/forms.ts';
import { searchSuffixes } from '../names/search-list.ts';
import { CLASS_IN, RCODE, TYPE, withId, type Transport, rcodeOf } from './wire.ts';

/** Questions in work at once; a program gets SERVFAIL beyond it.  Each holds 7 kB (measured), 15 MB in all. */
export const MAX_QUESTIONS = 2_048;
/** From question to SERVFAIL, ms: shorter than the 5 s after which glibc asks again. */
export const QUESTION_DEADLINE_MS = 4_500;
/**
 * For how long a name that may be the cluster's after all waits for the machine's servers, ms: dead ones must not cost it
 * more than a second.
 */
const MACHINE_PATIENCE_MS = 800;
/** The same behind a question that they have left without an answer: a search list of many domains costs one wait. */
const SILENT_PATIENCE_MS = 50;
/** What a route may take before the program has to be told that it failed, ms. */
const ROUTE_DEADLINE_MS = 2_000;
/**
 * NS, DS, RRSIG, DNSKEY: what resolvers on this machine ask about top-level domains.  A short name asked so is a zone of the
 * public tree, not a host.
 */
const ZONE_TYPES: ReadonlySet<number> = new Set([2, 43, 46, 48]);

export interface ResolverPorts {
  /** One raw message to the cluster's DNS.  The answer is whole: the agent asks by TCP what UDP cuts off. */
  cluster(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** One raw message to the servers that the machine used before; the answer has its id.  Rejects with `NoAnswer`. */
  upstream(message: Uint8Array, transport: Transport, signal: AbortSignal): Promise<Uint8Array>;
  /**
   * Whether the cluster has this namespace after all.  Asked only for the last label of a name that the machine's servers
   * do not know, so that no public name, nor any part of one, ever gets to the cluster.
   */
  namespaceExists(label: string): Promise<boolean>;
  /** Whether the session's own namespace has this service; asked for the last label of two, likewise. */
  serviceExists(label: string): Promise<boolean>;
  /**
   * Whether the name is what a program makes of a service's with the machine's own search list, which it tries first; it may
   * just as well be the name that was meant.  Asked only where the machine's servers say nothing.
   */
  mayBeService(name: string): Promise<boolean>;
  /** The machine's hosts file: addresses of the first of `names` that it knows. */
  hosts(names: readonly string[]): Promise<readonly string[] | undefined>;
  /** The target's hosts file, as far as it counts here, likewise. */
  targetHosts(names: readonly string[]): readonly string[] | undefined;
  /** Milliseconds, monotonic. */
  now(): number;
  /** A failure that is not just a missing answer (`NoAnswer`): of the policy, or a defect.  For the log. */
  report(error: unknown): void;
}

/** What the filter says of one name in the form asked and in its expanded forms. */
export type NameRule = 'cluster' | 'local' | 'default';

export interface ResolverPolicy {
  /** All forms of one name, the asked one first, in normal form. */
  rule(names: readonly string[]): NameRule;
  /** A fixed answer (`feature.network.dns.hosts`) for one form of a name, or undefined. */
  host(name: string): readonly string[] | undefined;
  /** false: AAAA of cluster names is NODATA. */
  readonly ipv6: boolean;
  /**
   * Called with every address in an answer before the answer is given, and awaited; `side` is where the answer came
   * from.  When it fails for a cluster's answer the program gets SERVFAIL, since its connection would go astray.
   */
  prepareAnswer(
    name: string,
    addresses: readonly string[],
    ttlSeconds: number,
    side: 'cluster' | 'local',
  ): Promise<void>;
}

export interface Resolver {
  /** New names (a namespace, a range); forgets cached answers. */
  update(names: ClusterNames): void;
  /** Forgets cached answers: the agent is another one now. */
  flush(): void;
  /** Always answers (SERVFAIL at worst), except to what is not a DNS query at all: null.  `query` is not changed. */
  answer(query: Uint8Array, transport: Transport): Promise<Uint8Array | null>;
}

export function createResolver(names: ClusterNames, policy: ResolverPolicy, ports: ResolverPorts): Resolver {
  return new ClusterResolver(names, policy, ports);
}

class ClusterResolver implements Resolver {
  #names: ClusterNames;
  readonly #policy: ResolverPolicy;
  readonly #ports: ResolverPorts;
  readonly #lookup: ClusterLookup;
  readonly #upstream = new InFlightQuestions();
  #questions = 0;
  /** The machine's servers have left a question without an answer, and have answered none since. */
  #isSilent = false;

  constructor(names: ClusterNames, policy: ResolverPolicy, ports: ResolverPorts) {
    this.#names = names;
    this.#policy = policy;
    this.#ports = ports;
    this.#lookup = new ClusterLookup(ports.cluster.bind(ports), ports.now.bind(ports));
  }

  update(names: ClusterNames): void {
    this.#names = names;
    this.flush();
  }

  flush(): void {
    this.#lookup.flush();
  }

  async answer(message: Uint8Array, transport: Transport): Promise<Uint8Array | null> {
    const read = readQuery(message);
    if (!read.ok) return read.reply;
    const { query } = read;
    if (this.#questions >= MAX_QUESTIONS) return emptyReply(query, RCODE.SERVFAIL);
    this.#questions++;
    try {
      return await this.#resolve(query, transport);
    } catch (error) {
      if (!(error instanceof NoAnswer)) this.#ports.report(error);
      return emptyReply(query, RCODE.SERVFAIL);
    } finally {
      this.#questions--;
    }
  }

  async #resolve(query: Query, transport: Transport): Promise<Uint8Array> {
    if (query.class !== CLASS_IN) return await this.#askMachine(query, transport, QUESTION_DEADLINE_MS);
    const names = this.#names;
    const asClassified = classify(query.name, names);
    const kind = asClassified === 'short' && ZONE_TYPES.has(query.type) ? 'outside' : asClassified;
    if (kind === 'localhost') return addressReply(query, ['127.0.0.1', '::1']);

    const forms = nameForms(query.name, names);
    for (const form of forms) {
      const fixed = this.#policy.host(form);
      if (fixed !== undefined) return await this.#giveAddresses(query, fixed, transport);
    }
    const rule = this.#policy.rule(forms);
    if (rule === 'local') return await this.#askHosts(query, forms, transport);
    const listed = this.#ports.targetHosts(forms);
    if (listed !== undefined) return await this.#giveTargetHosts(query, listed, forms, transport);
    if (rule === 'default' && kind === 'outside') return await this.#askOutside(query, transport);
    return await this.#askCluster(query, kind, rule === 'default' && kind === 'short', names, transport);
  }

  /**
   * The machine's servers; what they do not know may be in a namespace that is not known yet, or a pod of a service.
   * Where they say nothing of a name that may be a service's with a suffix behind it, there is no such name, for the program
   * to go on to the service.
   */
  async #askOutside(query: Query, transport: Transport): Promise<Uint8Array> {
    const asked = this.#askMachine(query, transport, QUESTION_DEADLINE_MS);
    const wasSilent = this.#isSilent;
    const soon = await within(wasSilent ? SILENT_PATIENCE_MS : MACHINE_PATIENCE_MS, asked);
    this.#isSilent = soon === undefined;
    if (soon === undefined && (await this.#ports.mayBeService(query.name))) return negativeReply(query, RCODE.NXDOMAIN);
    const answer = soon ?? (wasSilent ? await within(MACHINE_PATIENCE_MS, asked) : undefined);
    if (answer !== undefined && rcodeOf(answer) !== RCODE.NXDOMAIN) return answer;
    if (!(await this.#isShortAfterAll(query.name))) return answer ?? (await asked);
    return await this.#askCluster(query, 'short', answer === undefined, this.#names, transport);
  }

  /** `service.namespace` and `pod.service`, where the cluster knows the last label. */
  async #isShortAfterAll(name: string): Promise<boolean> {
    const last = possibleOwner(name);
    if (last === null) return false;
    if (await this.#ports.namespaceExists(last)) return true;
    return name.split('.').length === 2 && (await this.#ports.serviceExists(last));
  }

  /** `machineNext`: what the cluster does not know is asked of the machine's servers. */
  async #askCluster(
    query: Query,
    kind: NameKind,
    machineNext: boolean,
    names: ClusterNames,
    transport: Transport,
  ): Promise<Uint8Array> {
    const started = this.#ports.now();
    const suffixes = searchSuffixes(query.name, kind, names);
    const outcome = await this.#lookup.lookup(query, suffixes, names.clusterDomain);
    if (outcome.kind === 'nxdomain' && machineNext) {
      try {
        return await this.#askMachine(query, transport, QUESTION_DEADLINE_MS - (this.#ports.now() - started));
      } catch {
        // The machine is offline, or has no servers: the cluster, which such a name belongs to first, has said no.
      }
    }
    return await this.#giveCluster(query, this.#clusterAnswer(query, outcome), transport);
  }

  async #giveCluster(query: Query, answer: Uint8Array, transport: Transport): Promise<Uint8Array> {
    const { addresses, ttl } = readAddresses(answer, readRecords(answer, query.questionEnd) ?? []);
    if (addresses.length > 0) {
      await withDeadline(ROUTE_DEADLINE_MS, () => this.#policy.prepareAnswer(query.name, addresses, ttl, 'cluster'));
    }
    return fitReply(answer, query, transport);
  }

  /** What the machine's own hosts file has, it has said first. */
  async #giveTargetHosts(
    query: Query,
    addresses: readonly string[],
    forms: readonly string[],
    transport: Transport,
  ): Promise<Uint8Array> {
    if ((await this.#ports.hosts(forms)) !== undefined) return await this.#askHosts(query, forms, transport);
    const shut = query.type === TYPE.AAAA && !this.#policy.ipv6;
    return await this.#giveCluster(query, addressReply(query, shut ? [] : addresses), transport);
  }

  #clusterAnswer(query: Query, outcome: ClusterOutcome): Uint8Array {
    const { kind, answer, suffix } = outcome;
    if (kind === 'positive' && query.type === TYPE.AAAA && !this.#policy.ipv6) return negativeReply(query, 0);
    if (answer === null) return kind === 'nxdomain' ? negativeReply(query, RCODE.NXDOMAIN) : servfail(query);
    if (suffix === '') return relabel(answer.response, answer.records, query, answer.ttl);
    if (kind === 'nodata') return negativeReply(query, 0);
    if (kind === 'nxdomain') return negativeReply(query, RCODE.NXDOMAIN);
    if (kind === 'failed') return servfail(query);
    return rename(answer.response, answer.records, query, answer.ttl) ?? servfail(query);
  }

  async #askHosts(query: Query, forms: readonly string[], transport: Transport): Promise<Uint8Array> {
    if (query.type === TYPE.A || query.type === TYPE.AAAA) {
      const addresses = await this.#ports.hosts(forms);
      if (addresses !== undefined) return await this.#giveAddresses(query, addresses, transport);
    }
    return await this.#askMachine(query, transport, QUESTION_DEADLINE_MS);
  }

  /** Addresses for which no server has to be asked. */
  async #giveAddresses(query: Query, addresses: readonly string[], transport: Transport): Promise<Uint8Array> {
    const answer = addressReply(query, addresses);
    await this.#announceLocal(query, answer);
    return fitReply(answer, query, transport);
  }

  async #askMachine(query: Query, transport: Transport, ms: number): Promise<Uint8Array> {
    const { message } = query;
    const answer = await this.#upstream.run(questionKey(message, transport), Math.max(1, ms), (signal) =>
      this.#ports.upstream(message, transport, signal),
    );
    await this.#announceLocal(query, answer);
    return withId(answer, query.id);
  }

  /** The policy follows an address that a local name now stands for; but no filter may break names that are not its own. */
  async #announceLocal(query: Query, answer: Uint8Array): Promise<void> {
    const { addresses, ttl } = readAddresses(answer, readRecords(answer, query.questionEnd) ?? []);
    if (addresses.length === 0) return;
    try {
      await withDeadline(ROUTE_DEADLINE_MS, () => this.#policy.prepareAnswer(query.name, addresses, ttl, 'local'));
    } catch (error) {
      this.#ports.report(error);
    }
  }
}

/** The last label of a name that could be `service.namespace` or `pod.service`; null for what surely is none. */
function possibleOwner(name: string): string | null {
  const labels = name.split('.');
  const last = labels.at(-1) ?? '';
  return labels.length < 2 || last === 'arpa' || last === 'local' || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(last)
    ? null
    : last;
}

/** What it resolves to, or undefined when it has not within `ms`, or has failed. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const given = promise.catch(() => undefined);
  return await withDeadline(ms, () => given).catch(() => undefined);
}

function servfail(query: Query): Uint8Array {
  return emptyReply(query, RCODE.SERVFAIL);
}
