/**
 * Finds out by DNS whether a namespace exists, where the API may not be asked: `NAMESPACE.svc.DOMAIN` is an empty
 * non-terminal (NODATA, RFC 8020) in every Kubernetes DNS when it does, and NXDOMAIN when it does not.
 */
import { encodeQuestion } from './question.ts';
import { RCODE, rcodeOf } from './wire.ts';

/** A namespace that was just made is found after this time, ms. */
const ABSENT_FOR_MS = 30_000;
/** Labels remembered as absent; the names that people mistype in half a minute are fewer. */
const MAX_ABSENT = 1_024;

export interface NamespaceProbeOptions {
  readonly ask: (message: Uint8Array) => Promise<Uint8Array>;
  readonly now: () => number;
  /** Called once for each namespace that is found. */
  readonly found: (namespace: string) => void;
}

export class NamespaceProbe {
  readonly #options: NamespaceProbeOptions;
  readonly #absentSince = new Map<string, number>();

  constructor(options: NamespaceProbeOptions) {
    this.#options = options;
  }

  /** False also when the cluster's DNS cannot be asked. */
  async exists(namespace: string, clusterDomain: string): Promise<boolean> {
    const { ask, now, found } = this.#options;
    const absentSince = this.#absentSince.get(namespace);
    if (absentSince !== undefined && now() - absentSince < ABSENT_FOR_MS) return false;
    const question = encodeQuestion(`${namespace}.svc.${clusterDomain}`, 'A');
    try {
      if (rcodeOf(await ask(question)) === RCODE.NOERROR) {
        found(namespace);
        return true;
      }
    } catch {
      return false; // the agent is away, which says nothing about the namespace
    }
    if (this.#absentSince.size >= MAX_ABSENT) this.#absentSince.clear();
    this.#absentSince.set(namespace, now());
    return false;
  }
}
