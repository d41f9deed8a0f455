/**
 * Finds out by DNS what the API may not be asked, or is not: whether a namespace or a service exists.  In every
 * Kubernetes DNS `NAMESPACE.svc.DOMAIN` is an empty non-terminal (NODATA, RFC 8020) when the namespace exists, and
 * NXDOMAIN when it does not; a service's name is a name like any other.
 */
import { encodeQuestion } from './question.ts';
import { RCODE, rcodeOf } from './wire.ts';

/** What was just made is found after this time, what was just removed is forgotten, ms. */
const REMEMBERED_MS = 30_000;
/** Names remembered; those that people mistype in half a minute are fewer. */
const MAX_REMEMBERED = 1_024;

export interface ExistenceProbeOptions {
  readonly ask: (message: Uint8Array) => Promise<Uint8Array>;
  readonly now: () => number;
}

export class ExistenceProbe {
  readonly #options: ExistenceProbeOptions;
  readonly #known = new Map<string, { readonly exists: boolean; readonly at: number }>();

  constructor(options: ExistenceProbeOptions) {
    this.#options = options;
  }

  /** False also when the cluster's DNS cannot be asked. */
  async exists(name: string): Promise<boolean> {
    const { ask, now } = this.#options;
    const known = this.#known.get(name);
    if (known !== undefined && now() - known.at < REMEMBERED_MS) return known.exists;
    let exists: boolean;
    try {
      exists = rcodeOf(await ask(encodeQuestion(name, 'A'))) === RCODE.NOERROR;
    } catch {
      return false; // the agent is away, which says nothing about the name
    }
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(name, { exists, at: now() });
    return exists;
  }
}
