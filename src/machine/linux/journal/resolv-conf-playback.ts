/** Takes back what a journal, or the file itself after a power failure, says of /etc/resolv.conf. */
import { MirrordError } from '../../../errors.ts';
import { BYTES } from '../../files.ts';
import { formerContent, readFormerContent } from '../dns/former-content.ts';
import { RESOLV_CONF } from '../dns/resolv-conf.ts';
import type { Lost } from '../../machine.ts';
import type { System } from '../system/system.ts';
import type { ResolvConfEntry } from './entries.ts';
import type { LinuxJournal } from './linux-journal.ts';

/** Notes when another program has written the file meanwhile: its content stays. */
export function playBackResolvConf(system: System, journal: LinuxJournal): readonly string[] {
  const { files } = system;
  const entry = journal.resolvConf();
  if (!entry) return [];
  files.remove(`${RESOLV_CONF}.mirrord-${journal.pid}`);
  let note: string | undefined;
  try {
    if (!handOver(system, journal, entry)) note = restoreResolvConf(system, entry);
  } catch (error) {
    throw new MirrordError(
      'host',
      'resolv-conf-stuck',
      `${RESOLV_CONF} cannot be restored: ${(error as Error).message}.`,
      {
        help: `Its previous content is in ${journal.folder}/resolv-conf.json. Make the file writable, then run: sudo mirrord down --name ${journal.name}`,
        cause: error,
      },
    );
  }
  journal.clearResolvConf();
  return note === undefined ? [] : [note];
}

/**
 * A later session has put its file over this one's: it takes over what was there before both, for when it ends.
 * False when there is none.
 */
function handOver({ files }: System, journal: LinuxJournal, { before, written }: ResolvConfEntry): boolean {
  for (const later of journal.others()) {
    const entry = later.resolvConf();
    if (entry?.before?.content !== written) continue;
    const text = entry.written.replace(formerContent(entry.before), () => formerContent(before));
    later.writeResolvConf({ before, written: text });
    if (files.read(RESOLV_CONF, BYTES) === entry.written) files.overwrite(RESOLV_CONF, text);
    return true;
  }
  return false;
}

function restoreResolvConf({ files }: System, { before, written }: ResolvConfEntry): string | undefined {
  const now = files.kind(RESOLV_CONF);
  const content = files.read(RESOLV_CONF, BYTES);
  const ours = now?.kind === 'file' && content !== undefined && isOurs(content, written, before?.content ?? '');
  if (now !== undefined && !ours) {
    const same =
      before?.kind === now.kind && (before.kind === 'link' ? before.target === now.target : before.content === content);
    return same ? undefined : `${RESOLV_CONF} was changed by another program in the meantime and stays as it is.`;
  }
  if (before === undefined) {
    files.remove(RESOLV_CONF);
  } else if (before.kind === 'link') {
    files.replaceByLink(RESOLV_CONF, before.target ?? '');
  } else if (now === undefined) {
    files.replace(RESOLV_CONF, before.content, before.mode, before.uid, before.gid, BYTES);
  } else {
    files.overwrite(RESOLV_CONF, before.content);
  }
  return undefined;
}

/** The content is overwritten in place, both ways: a process killed in the middle leaves the tail of the other one. */
function isOurs(content: string, written: string, before: string): boolean {
  const halfBack = before !== content && content === before + written.slice(before.length);
  return content.startsWith(written) || halfBack;
}

/** /etc/resolv.conf of a session whose journal is gone; undefined when there is none.  `journals`: of all sessions. */
export function restoreLostResolvConf(system: System, journals: readonly LinuxJournal[]): Lost | undefined {
  // Network namespaces share the file: the journal of its name may be in any.
  const isKept = (name: string): boolean =>
    journals.some((journal) => journal.name === name && journal.resolvConf() !== undefined);
  const written = system.files.read(RESOLV_CONF, BYTES) ?? '';
  const former = readFormerContent(written);
  if (former === undefined || isKept(former.session)) return undefined;
  let { before } = former;
  // Sessions that stood above each other: the file of each tells what was there before it.
  for (let inner = readFormerContent(before?.content ?? ''); inner; inner = readFormerContent(before?.content ?? '')) {
    if (isKept(inner.session)) break;
    before = inner.before;
  }
  const note = restoreResolvConf(system, { before, written });
  return { name: former.session, notes: note === undefined ? [] : [note] };
}
