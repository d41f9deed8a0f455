/**
 * The last resort: /etc/resolv.conf itself, with a journal.
 *
 * A regular file is overwritten in place (it may be a bind mount, which nothing can be renamed over; and its owner and
 * mode stay); a symbolic link is replaced by a file and comes back as a link.  What another program writes meanwhile (a
 * new network, a new lease) is taken for what was there before: it names the servers that the machine uses now, and it
 * comes back in the end.  A program that insists on its own is left to it.
 */
import { MirrordError } from '../../../errors.ts';
import type { DnsState } from '../../dns-state.ts';
import type { LinuxJournal } from '../journal/linux-journal.ts';
import { playBackResolvConf } from '../journal/resolv-conf-playback.ts';
import { BYTES } from '../../files.ts';
import type { System } from '../system/system.ts';
import type { DnsBackend } from './manager.ts';
import { formerContent, readFormerContent } from './former-content.ts';
import { asksResolved } from './nsswitch.ts';
import { parseResolvConf } from '../../../names/resolv-conf.ts';
import { RESOLV_CONF, formatResolvConf, localDomain } from './resolv-conf.ts';

/** Writes of others that are followed within the time; more is not a change of network but a quarrel. */
const FOLLOWED_MAX = 5;
const FOLLOWED_MS = 60_000;

export class ResolvConfFile implements DnsBackend {
  readonly mode = 'resolv.conf';
  readonly #system: System;
  readonly #journal: LinuxJournal;
  #notes: readonly string[] = [];
  /** When others' writes were followed, the newest last. */
  readonly #followed: number[] = [];

  constructor(system: System, journal: LinuxJournal) {
    this.#system = system;
    this.#journal = journal;
  }

  async obstacle(state: DnsState): Promise<string | undefined> {
    return state.servers.length > 0 ? undefined : 'there is no virtual DNS server to put in it';
  }

  weakness(): string | undefined {
    return asksResolved(this.#system)
      ? 'glibc programs ask systemd-resolved (/etc/nsswitch.conf), not the servers of /etc/resolv.conf'
      : undefined;
  }

  async holds(): Promise<boolean> {
    const entry = this.#journal.resolvConf();
    const content = this.#system.files.read(RESOLV_CONF, BYTES) ?? '';
    return entry === undefined || content === entry.written || readFormerContent(content) !== undefined;
  }

  async apply(state: DnsState): Promise<string> {
    const { files } = this.#system;
    const entry = this.#journal.resolvConf();
    const kind = files.kind(RESOLV_CONF);
    // The link's own content is found behind it; it stays untouched there.
    const content = files.read(RESOLV_CONF, BYTES) ?? '';
    const theirs = entry !== undefined && content !== entry.written;
    const later = theirs ? readFormerContent(content)?.session : undefined;
    if (later !== undefined) return `${RESOLV_CONF}, below session ${later}`;
    if (theirs) this.#follow();
    const before = entry && !theirs ? entry.before : kind && { ...kind, content };
    const settings = formatResolvConf(
      this.#journal.name,
      parseResolvConf(before?.content ?? '', localDomain(files)),
      state,
    );
    const written = settings + formerContent(before);
    if (content === written) return RESOLV_CONF;

    this.#journal.writeResolvConf({ before, written });
    try {
      if (kind?.kind === 'file') files.overwrite(RESOLV_CONF, written);
      else files.replace(RESOLV_CONF, written, 0o644, 0, 0, BYTES);
    } catch (error) {
      if (!entry) this.#journal.clearResolvConf();
      throw new MirrordError(
        'host',
        'resolv-conf-unwritable',
        `${RESOLV_CONF} cannot be written: ${(error as Error).message}.`,
        {
          help: 'It may be immutable (see lsattr) or on a read-only file system. --dns nftables and --dns off do not need it.',
          cause: error,
        },
      );
    }
    return RESOLV_CONF;
  }

  async undo(): Promise<void> {
    this.#notes = playBackResolvConf(this.#system, this.#journal);
  }

  #follow(): void {
    const now = performance.now();
    while ((this.#followed[0] ?? now) < now - FOLLOWED_MS) this.#followed.shift();
    if (this.#followed.length >= FOLLOWED_MAX) {
      throw new MirrordError(
        'host',
        'resolv-conf-contested',
        `Another program keeps overwriting ${RESOLV_CONF}. Its version stays, and cluster names are not found.`,
        { help: 'Start again with --dns nftables, which does not need the file.' },
      );
    }
    this.#followed.push(now);
  }

  /** What the last `undo` could not take back. */
  get notes(): readonly string[] {
    return this.#notes;
  }
}
