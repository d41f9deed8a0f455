/**
 * Which addresses and namespaces are the cluster's.
 *
 * Every list may be forbidden: what cannot be read is replaced by the next best source, noted, and never a failure.
 * Where a source says all there is (ServiceCIDRs, nodes' pod ranges), it alone is followed; single services and pods are
 * looked at only where ranges must be guessed from them.
 */
import {
  excludeRanges,
  formatCidr,
  hostCidr,
  mergeRanges,
  parseAddress,
  parseCidr,
  type Cidr,
} from '../../net/index.ts';
import type { Discovery } from '../cluster.ts';
import type { Api } from '../server/api.ts';
import { clusterDomains } from './domains.ts';
import { rangesFromKubeadm, rangesFromRefusal, type KubeadmRanges } from './declared.ts';
import { coverPods, inferServiceRanges } from './inference.ts';
import * as sources from './sources.ts';
import type { Named, Source } from './source.ts';

/** Changes come in flocks (a rollout, a new node's pods); the session is told of each flock once. */
const SETTLE_MS = 300;
/** Every cluster has these. */
const ALWAYS_THERE = ['default', 'kube-system'];

export class Discoverer {
  readonly #api: Api;
  readonly #certified: () => readonly string[];
  readonly #namespace: string;
  readonly #nodes: Source<Named>;
  readonly #serviceCidrs: Source<Named>;
  readonly #namespaces: Source<Named>;
  /** Set where ranges have to be guessed. */
  #services: Source<Named> | null = null;
  #pods: Source<Named> | null = null;
  #declaredServices: readonly string[] = [];
  #declaredPods: readonly string[] = [];
  #serviceHost: string | null = null;
  #domains: readonly string[] = [];
  #notes: string[] = [];

  /** `certified`: names in the API server's certificate. */
  constructor(api: Api, namespace: string, certified: () => readonly string[]) {
    this.#api = api;
    this.#certified = certified;
    this.#namespace = namespace;
    this.#nodes = sources.nodes(api);
    this.#serviceCidrs = sources.serviceCidrs(api);
    this.#namespaces = sources.namespaces(api);
  }

  async discover(serviceHost: string | null | Promise<string | null>, signal: AbortSignal): Promise<Discovery> {
    [this.#serviceHost] = await Promise.all([serviceHost, this.#read(signal)]);
    return this.#compose();
  }

  async #read(signal: AbortSignal): Promise<void> {
    this.#notes = [];
    this.#services = null;
    this.#pods = null;
    this.#declaredServices = [];
    this.#declaredPods = [];
    [this.#domains] = await Promise.all([
      clusterDomains(this.#api, this.#certified, signal),
      this.#nodes.read(signal),
      this.#serviceCidrs.read(signal),
      this.#namespaces.read(signal),
    ]);
    if (this.#domains.length > 0) this.#notes.push(`cluster domain from the API server: ${this.#domains.join(', ')}`);
    const isComplete = this.#serviceCidrs.values().length > 0 && this.#nodes.readable;
    const kubeadm = isComplete ? null : await rangesFromKubeadm(this.#api, signal);
    await Promise.all([this.#findServices(kubeadm, signal), this.#findPods(kubeadm, signal)]);
    if (!this.#namespaces.readable) this.#notes.push('you may not list namespaces: only the usual ones are known');
  }

  watch(current: Discovery, changed: (next: Discovery) => void, signal: AbortSignal): void {
    let last = current;
    let timer: NodeJS.Timeout | null = null;
    const settle = (): void => {
      timer = null;
      const next = this.#compose();
      if (sameTexts(next.ranges, last.ranges) && sameTexts(next.namespaces, last.namespaces)) return;
      last = next;
      changed(next);
    };
    const touched = (): void => {
      timer ??= setTimeout(settle, SETTLE_MS);
    };
    signal.addEventListener('abort', () => clearTimeout(timer ?? undefined), { once: true });
    const followed = [this.#nodes, this.#serviceCidrs, this.#namespaces].filter((source) => source.readable);
    for (const source of [...followed, this.#services, this.#pods]) {
      void source?.follow(touched, signal);
    }
  }

  async #findServices(kubeadm: KubeadmRanges | null, signal: AbortSignal): Promise<void> {
    const own = this.#serviceCidrs.values();
    if (own.length > 0) return void this.#notes.push(`service ranges from ServiceCIDR objects: ${own.join(', ')}`);
    this.#declaredServices = await rangesFromRefusal(this.#api, this.#namespace, signal);
    let origin = "the API server's refusal of an impossible Service";
    if (this.#declaredServices.length === 0 && kubeadm !== null) {
      this.#declaredServices = kubeadm.services;
      origin = "kubeadm's ConfigMap";
    }
    if (this.#declaredServices.length > 0) {
      return void this.#notes.push(`service ranges from ${origin}: ${this.#declaredServices.join(', ')}`);
    }
    const [source, where] = await this.#widest(sources.services, signal);
    this.#services = source;
    const seen = source === null ? "the agent's environment" : `the services of ${where}, and the agent's environment`;
    this.#notes.push(`service ranges are not known; guessed from ${seen}`);
  }

  async #findPods(kubeadm: KubeadmRanges | null, signal: AbortSignal): Promise<void> {
    const ofNodes = this.#nodes.values();
    if (ofNodes.length > 0) this.#notes.push(`pod ranges from nodes: ${ofNodes.join(', ')}`);
    if (!this.#nodes.readable) {
      this.#declaredPods = kubeadm?.pods ?? [];
      const instead =
        this.#declaredPods.length > 0 ? `: kubeadm's ConfigMap says ${this.#declaredPods.join(', ')}` : '';
      this.#notes.push(`you may not list nodes${instead}`);
    }
    const known = ranges([...ofNodes, ...this.#declaredPods]);
    // A first page of pods shows whether the nodes' word can be taken for it: some networks hand out other addresses.
    const isCovered = (podIps: readonly string[]): boolean =>
      known.length > 0 && coverPods(podIps, [], known).length === 0;
    const enough = (read: readonly { values: readonly string[] }[]): boolean =>
      isCovered(read.flatMap((facts) => facts.values));
    const [source, where] = await this.#widest(sources.pods, signal, enough);
    if (source === null) return void this.#notes.push('you may not list pods');
    if (isCovered(source.values())) return;
    this.#pods = source;
    this.#notes.push(`pod ranges from the pods of ${where}`);
  }

  /** The source over all namespaces, else over ours, else null; already read. */
  async #widest(
    make: (api: Api, namespace: string | null) => Source<never>,
    signal: AbortSignal,
    enough?: (read: readonly { values: readonly string[] }[]) => boolean,
  ): Promise<[Source<Named> | null, string]> {
    for (const namespace of [null, this.#namespace]) {
      const source = make(this.#api, namespace) as Source<Named>;
      if (await source.read(signal, enough))
        return [source, namespace === null ? 'all namespaces' : `namespace ${namespace}`];
    }
    return [null, ''];
  }

  #compose(): Discovery {
    const clusterIps = [
      ...(this.#services?.values() ?? []),
      ...(this.#serviceHost === null ? [] : [this.#serviceHost]),
    ];
    const told = ranges([...this.#serviceCidrs.values(), ...this.#declaredServices]);
    const services = told.length > 0 ? told : inferServiceRanges(clusterIps);
    const nodeIps = [...this.#nodes.nodes(), ...(this.#pods?.nodes() ?? [])];
    const podRanges = ranges([...this.#nodes.values(), ...this.#declaredPods]);
    const pods = [...podRanges, ...coverPods(this.#pods?.values() ?? [], nodeIps, podRanges)];
    // A node's own address is never the cluster's network, whatever range is said to hold it.
    const holes = nodeIps.flatMap((text) => {
      const address = parseAddress(text);
      return address === null ? [] : [hostCidr(address)];
    });
    const names = this.#namespaces.readable ? this.#namespaces.values() : [this.#namespace, ...ALWAYS_THERE];
    return {
      ranges: excludeRanges(mergeRanges([...services, ...pods]), holes).map(formatCidr),
      namespaces: [...new Set(names)].sort(),
      allNamespaces: this.#namespaces.readable,
      domains: this.#domains,
      notes: [...this.#notes],
    };
  }
}

function ranges(texts: readonly string[]): Cidr[] {
  return texts.flatMap((text) => parseCidr(text) ?? []);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
