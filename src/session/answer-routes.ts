/**
 * Routes that follow names: where only a name can decide, the addresses of an answer are routed before the answer is given,
 * and those that the hosts file has from the start.
 */
import { unwatchFile, watchFile } from 'node:fs';
import type { HostsFile } from '../dns/hosts-file.ts';
import type { Filter, NameChange, NameRoutes, StandingAnswer } from '../filter/index.ts';
import { decidesByName } from './domains.ts';
import type { SessionNetwork } from './network.ts';

export const HOSTS_FILE = '/etc/hosts';
/** How soon a change of the hosts file counts, ms. */
const HOSTS_LOOK_MS = 2_000;

export interface AnswerRoutesOptions {
  readonly filter: Filter;
  readonly network: SessionNetwork;
  readonly nameRoutes: NameRoutes;
  readonly hosts: HostsFile;
  /** Every form of a name, the given one first. */
  readonly forms: (name: string) => readonly string[];
  readonly warn: (text: string) => void;
  readonly report: (error: unknown) => void;
}

export class AnswerRoutes {
  readonly #options: AnswerRoutesOptions;
  #expiry: NodeJS.Timeout | undefined;

  constructor(options: AnswerRoutesOptions) {
    this.#options = options;
  }

  /**
   * Programs read the hosts file themselves, before they ask anyone.  Names of the filter in it are followed
   * from the start, and as the file changes.
   */
  async followHosts(): Promise<void> {
    if (!decidesByName(this.#options.filter)) return;
    watchFile(HOSTS_FILE, { persistent: false, interval: HOSTS_LOOK_MS }, this.#hostsChanged);
    await this.#holdHosts();
  }

  /** Resolves when the kernel knows where these addresses lead. */
  async answered(name: string, addresses: readonly string[], ttlSeconds: number): Promise<void> {
    const { filter, forms, nameRoutes, network } = this.#options;
    // Without entries that are names, the ranges have decided already; with DNS left alone, no program asks here.
    if (!decidesByName(filter) || !filter.settings.dns.enabled) return;
    const { changed } = this.#take(nameRoutes.answered(forms(name), addresses, ttlSeconds, performance.now()));
    // Of two questions at once the second finds everything held, and yet must not be answered before the kernel knows.
    await (changed ? network.named(nameRoutes.state()) : network.settled());
  }

  close(): void {
    clearTimeout(this.#expiry);
    unwatchFile(HOSTS_FILE, this.#hostsChanged);
  }

  readonly #hostsChanged = (): void => void this.#holdHosts().catch(this.#options.report);

  async #holdHosts(): Promise<void> {
    const { filter, forms, hosts, nameRoutes, network } = this.#options;
    const table = await hosts.table();
    const listed = filter.rules.rules.flatMap(({ entry: { host } }): readonly string[] => {
      if (host.kind === 'name') return forms(host.name);
      return host.kind === 'below' ? [...table.keys()].filter((name) => name.endsWith(`.${host.suffix}`)) : [];
    });
    const answers = [...new Set(listed)].flatMap((name): readonly StandingAnswer[] => {
      const addresses = table.get(name);
      return addresses === undefined ? [] : [{ names: forms(name), addresses }];
    });
    const { changed } = this.#take(nameRoutes.standing(answers, performance.now()));
    if (changed) await network.named(nameRoutes.state());
  }

  #take(change: NameChange): NameChange {
    for (const warning of change.warnings) this.#options.warn(warning);
    this.#scheduleExpiry();
    return change;
  }

  #scheduleExpiry(): void {
    const { nameRoutes, network, report } = this.#options;
    const at = nameRoutes.nextExpiry(performance.now());
    clearTimeout(this.#expiry);
    if (at === null) return;
    this.#expiry = setTimeout(
      () => {
        if (nameRoutes.expire(performance.now()).changed) network.named(nameRoutes.state()).catch(report);
        this.#scheduleExpiry();
      },
      Math.max(0, at - performance.now()),
    ).unref();
  }
}
