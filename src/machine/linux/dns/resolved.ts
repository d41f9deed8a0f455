/**
 * systemd-resolved, per link: settings of the TUN's link, which die with the link.  What it has written of them into
 * its resolv.conf files may stay, and has an entry in the journal.
 *
 * `default-route no` comes first: a link with servers and no routing domain would otherwise attract every name.
 * DNSSEC and DNS over TLS are off for this link alone, since our resolver is one hop away and speaks neither.
 */
import type { DnsState } from '../../dns-state.ts';
import type { LinuxJournal } from '../journal/linux-journal.ts';
import { playBackResolved } from '../journal/playback.ts';
import { expectSuccess } from '../system/commands.ts';
import type { System } from '../system/system.ts';
import type { DnsBackend } from './manager.ts';
import { hiding } from './nftables.ts';
import { asksResolved } from './nsswitch.ts';
import { parseResolvConf } from '../../../names/resolv-conf.ts';
import { RESOLV_CONF, RESOLVED_SERVERS, localDomain } from './resolv-conf.ts';
import { resolvedRuns } from './resolved-process.ts';

const STUB_FILE = '/run/systemd/resolve/stub-resolv.conf';

/** The addresses at which resolved itself answers. */
const STUBS = ['127.0.0.53', '127.0.0.54'];

export class Resolved implements DnsBackend {
  readonly mode = 'resolved';
  readonly #system: System;
  readonly #journal: LinuxJournal;
  readonly #tun: string;
  readonly #redirect: DnsBackend;
  /** The link's settings as resolved showed them when they had been applied. */
  #applied: string | undefined;

  /** `redirect`: for programs that ask the servers of resolv.conf, where those of glibc do not. */
  constructor(system: System, journal: LinuxJournal, tun: string, redirect: DnsBackend) {
    this.#redirect = redirect;
    this.#system = system;
    this.#journal = journal;
    this.#tun = tun;
  }

  async obstacle(): Promise<string | undefined> {
    if (!resolvedRuns(this.#system)) return 'systemd-resolved is not running';
    if (!leadsToResolved(this.#system) && !asksResolved(this.#system))
      return `${RESOLV_CONF} does not point to systemd-resolved`;
    const result = await this.#system.run('resolvectl', ['dns', this.#tun]).catch((error: Error) => ({
      code: 1,
      stderr: error.message,
    }));
    return result.code === 0 ? undefined : `systemd-resolved does not answer: ${result.stderr.trim()}`;
  }

  weakness(search: readonly string[]): string | undefined {
    if (search.length === 0) return undefined;
    const { files } = this.#system;
    const isOther = (domain: string): boolean => !search.includes(domain);
    if (asksResolved(this.#system)) {
      const theirs = parseResolvConf(files.read(RESOLVED_SERVERS) ?? '').search.filter(isOther);
      return theirs.length === 0
        ? undefined
        : `what ${theirs.join(', ')} has, too, answers single-label names if it is faster`;
    }
    if (this.#stub() !== undefined) return undefined;
    const theirs = parseResolvConf(files.read(RESOLV_CONF) ?? '', localDomain(files)).search.filter(isOther);
    return theirs.length === 0 ? undefined : `by ${RESOLV_CONF} ${hiding(theirs)}`;
  }

  /** Others take the settings of any link (`resolvectl revert`, NetworkManager), and resolved writes the search list again. */
  async holds(): Promise<boolean> {
    if (this.#orderedSearch() !== undefined) return false;
    const shown = await this.#shown();
    // One that does not answer has taken nothing away.
    return shown === undefined || shown === this.#applied;
  }

  async apply(state: DnsState): Promise<string> {
    const set = (...args: readonly string[]): Promise<string> => expectSuccess(this.#system.run, 'resolvectl', args);
    this.#journal.writeResolved();
    await set('default-route', this.#tun, state.everything ? 'yes' : 'no');
    await Promise.all([
      set('dnssec', this.#tun, 'no'),
      set('dnsovertls', this.#tun, 'no'),
      set('llmnr', this.#tun, 'no'),
      set('mdns', this.#tun, 'no'),
    ]);
    const domains = linkDomains(state);
    await set('domain', this.#tun, ...(domains.length > 0 ? domains : ['']));
    await set('dns', this.#tun, ...state.servers);
    this.#applied = await this.#shown();
    const ordered = this.#orderedSearch();
    if (ordered !== undefined) this.#writeStub(ordered);
    const rivals = rivalLinks(await set('domain'), this.#tun, domains);
    // Both would be asked, and either's answer taken.
    const warning = rivals.length === 0 ? '' : `; note: the same names are claimed by ${rivals.join(', ')}`;
    return `systemd-resolved, link ${this.#tun}${warning}${await this.#forOthers(state)}`;
  }

  async undo(): Promise<void> {
    await this.#redirect.undo();
    const { code } = await this.#system.run('resolvectl', ['revert', this.#tun]);
    if (code === 0) this.#journal.clearResolved();
    // The link has gone, and took its settings along.
    else await playBackResolved(this.#system, this.#journal);
  }

  /** What is not led to resolved by the way that leads glibc there, or is led with another search list. */
  async #forOthers(state: DnsState): Promise<string> {
    if (!leadsToResolved(this.#system)) {
      const obstacle = await this.#redirect.obstacle(state);
      const told = obstacle === undefined ? await this.#redirect.apply(state) : `no cluster names, since ${obstacle}`;
      return ` for glibc programs (nss-resolve); for others ${told}`;
    }
    await this.#redirect.undo();
    const { search } = parseResolvConf(this.#system.files.read(RESOLV_CONF) ?? '', localDomain(this.#system.files));
    return state.search.length > 0 && search.length === 0 && !asksResolved(this.#system)
      ? `; note: no service is found by a single-label name, since ${RESOLV_CONF} is not the file of systemd-resolved`
      : '';
  }

  /** What others may take away of the link's settings; undefined when resolved does not say. */
  async #shown(): Promise<string | undefined> {
    const settings = ['default-route', 'domain', 'dns'];
    const shown = await Promise.all(settings.map((setting) => this.#system.run('resolvectl', [setting, this.#tun])));
    return shown.every(({ code }) => code === 0) ? shown.map(({ stdout }) => stdout).join('') : undefined;
  }

  /** resolved's own file, where resolv.conf is a link to it. */
  #stub(): string | undefined {
    const { files } = this.#system;
    return files.target(RESOLV_CONF) === STUB_FILE ? files.read(STUB_FILE) : undefined;
  }

  /** The stub file with the cluster's suffixes in front; undefined when they are: resolved lists those of all links by chance. */
  #orderedSearch(): string | undefined {
    const text = this.#stub();
    return text === undefined ? undefined : orderedSearch(text);
  }

  /** resolved writes it again with its next change, and when the link goes. */
  #writeStub(text: string): void {
    const { files } = this.#system;
    const kind = files.kind(STUB_FILE);
    // The folder is resolved's own: what has the name is replaced and not followed.
    if (kind?.kind === 'file') files.replace(STUB_FILE, text, kind.mode, kind.uid, kind.gid);
  }
}

/**
 * `text` with clusters' suffixes in front of all others in its search list; undefined when they are.  Those of several
 * sessions keep their order, or each would put its own in front for ever.
 */
export function orderedSearch(text: string): string | undefined {
  const line = /^search .*$/m.exec(text)?.[0];
  if (line === undefined) return undefined;
  const listed = line.split(/\s+/).slice(1);
  const isClusters = (suffix: string): boolean => /(^|\.)svc\./.test(suffix) || listed.includes(`svc.${suffix}`);
  const ordered = ['search', ...listed.filter(isClusters), ...listed.filter((suffix) => !isClusters(suffix))].join(' ');
  return ordered === line.trimEnd() ? undefined : text.replace(line, () => ordered);
}

/** LINK_SEARCH_DOMAINS_MAX of systemd-resolved: with one more it takes none. */
const LINK_DOMAINS_MAX = 256;

/**
 * Search domains as they are, routing domains with `~`, the most important first.  Names below what does not fit are asked
 * elsewhere first, and then by the search list.
 */
export function linkDomains(state: DnsState): readonly string[] {
  const search = new Set(state.search);
  const routing = state.domains.filter((domain) => !search.has(domain)).map((domain) => `~${domain}`);
  return [...(state.everything ? ['~.'] : []), ...search, ...routing].slice(0, LINK_DOMAINS_MAX);
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

export function leadsToResolved({ files }: System): boolean {
  return parseResolvConf(files.read(RESOLV_CONF) ?? '').servers.some(isStub);
}
