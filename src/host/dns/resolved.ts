/**
 * systemd-resolved, per link: settings of the TUN's link, which die with the link.  What it has written of them into
 * its resolv.conf files may stay, and has an entry in the journal.
 *
 * `default-route no` comes first: a link with servers and no routing domain would otherwise attract every name.
 * DNSSEC and DNS over TLS are off for this link alone, since our resolver is one hop away and speaks neither.
 */
import type { DnsState } from '../../ipc/protocol.ts';
import type { Journal } from '../journal/journal.ts';
import { playBackResolved } from '../journal/playback.ts';
import { expectSuccess } from '../machine/commands.ts';
import type { Machine } from '../machine/machine.ts';
import { parseResolvConf } from './resolv-conf.ts';
import type { DnsBackend } from './backend.ts';
import { resolvedRuns } from './resolved-process.ts';

const RESOLV_CONF = '/etc/resolv.conf';

/** The addresses at which resolved itself answers. */
const STUBS = ['127.0.0.53', '127.0.0.54'];

export class Resolved implements DnsBackend {
  readonly mode = 'resolved';
  readonly #machine: Machine;
  readonly #journal: Journal;
  readonly #tun: string;

  constructor(machine: Machine, journal: Journal, tun: string) {
    this.#machine = machine;
    this.#journal = journal;
    this.#tun = tun;
  }

  async obstacle(): Promise<string | undefined> {
    if (!resolvedRuns(this.#machine)) return 'systemd-resolved does not run here';
    if (!leadsToResolved(this.#machine)) return `${RESOLV_CONF} does not lead to systemd-resolved`;
    const result = await this.#machine.run('resolvectl', ['dns', this.#tun]).catch((error: Error) => ({
      code: 1,
      stderr: error.message,
    }));
    return result.code === 0 ? undefined : `systemd-resolved does not answer: ${result.stderr.trim()}`;
  }

  async apply(state: DnsState): Promise<string> {
    const set = (...args: readonly string[]): Promise<string> => expectSuccess(this.#machine.run, 'resolvectl', args);
    this.#journal.writeResolved();
    await set('default-route', this.#tun, state.everything ? 'yes' : 'no');
    await Promise.all([
      set('dnssec', this.#tun, 'no'),
      set('dnsovertls', this.#tun, 'no'),
      set('llmnr', this.#tun, 'no'),
      set('mdns', this.#tun, 'no'),
    ]);
    const domains = linkDomains(state);
    await set('domain', this.#tun, ...domains);
    await set('dns', this.#tun, ...state.servers);
    const rivals = rivalLinks(await set('domain'), this.#tun, domains);
    // Both would be asked, and either's answer taken.
    const warning = rivals.length === 0 ? '' : `; beware: the same names are claimed by ${rivals.join(', ')}`;
    return `systemd-resolved, link ${this.#tun}${warning}`;
  }

  async undo(): Promise<void> {
    const { code } = await this.#machine.run('resolvectl', ['revert', this.#tun]);
    if (code === 0) this.#journal.clearResolved();
    // The link has gone, and took its settings along.
    else await playBackResolved(this.#machine, this.#journal);
  }
}

/** LINK_SEARCH_DOMAINS_MAX of systemd-resolved: with one more it takes none. */
const LINK_DOMAINS_MAX = 256;

/**
 * Search domains as they are, routing domains with `~`, the most important first; `''` empties the list.  Names below what
 * does not fit are asked elsewhere first, and then by the search list.
 */
export function linkDomains(state: DnsState): readonly string[] {
  const search = new Set(state.search);
  const routing = state.domains.filter((domain) => !search.has(domain)).map((domain) => `~${domain}`);
  const domains = [...(state.everything ? ['~.'] : []), ...search, ...routing].slice(0, LINK_DOMAINS_MAX);
  return domains.length > 0 ? domains : [''];
}

/** Other links with one of our domains, from `resolvectl domain`: `Link 3 (vpn0): ~corp.example cluster.local`. */
export function rivalLinks(listing: string, tun: string, domains: readonly string[]): readonly string[] {
  const bare = (domain: string): string => domain.replace(/^~/, '').toLowerCase();
  const ours = new Set(domains.map(bare));
  // A long list goes on in lines that begin with blanks.
  return listing
    .replace(/\n\s+/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const [, link, words = ''] = /^Link \d+ \((.+?)\): (.*)$/.exec(line) ?? [];
      const shared = words.split(' ').filter((word) => word !== '' && ours.has(bare(word)));
      return link === undefined || link === tun || shared.length === 0 ? [] : [`${link} (${shared.join(', ')})`];
    });
}

export const isStub = (server: string): boolean => STUBS.includes(server);

export function leadsToResolved({ files }: Machine): boolean {
  return parseResolvConf(files.read(RESOLV_CONF) ?? '').servers.some(isStub);
}
