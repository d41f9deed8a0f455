/** What each entry of the journal says.  They are JSON in files, which an older or newer mirrord may have to read. */
import type { FileKind } from '../../files.ts';

export interface NetworkEntry {
  readonly tun: string;
  /** Its own, as CIDRs: sockets with one of them are the session's. */
  readonly addresses: readonly string[];
  /** What other sessions must keep clear of. */
  readonly routes: readonly string[];
  /** The way back of rules and routes: lines for `ip -4 -force -batch`, and for `-6`. */
  readonly undo: { readonly 4: readonly string[]; readonly 6: readonly string[] };
}

export interface ResolvConfEntry {
  /** undefined: there was none. */
  readonly before: (FileKind & { readonly content: string }) | undefined;
  /** What was put in its place; anything else there now is another program's. */
  readonly written: string;
}

/** Tells sessions that come later how to stand in front of this one; the redirect itself dies with its holder. */
export interface RedirectEntry {
  /** Of its nftables chain; a newer session's is lower. */
  readonly priority: number;
  readonly exemption: Exemption;
}

/** By what the questions that a session itself asks are known: all of it together. */
export interface Exemption {
  readonly uid: number;
  /** By UDP; TTL or hop limit. */
  readonly hopLimit: number;
  /** Source ports by TCP. */
  readonly tcp: readonly number[];
  /** Firewall mark of its sockets; it alone is enough. */
  readonly mark?: number;
}

/** A cgroup of the session's own. */
export interface OutsideEntry {
  readonly folder: string;
  /** The cgroup that it is in. */
  readonly parent: string;
}
