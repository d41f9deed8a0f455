import { removeCgroup } from '../../machine/linux/system/cgroups.ts';
import type { System } from '../../machine/linux/system/system.ts';
import type { Journal } from './journal.ts';

/**
 * Removes the session's cgroup.  What a credential plugin has left running (a browser, an agent that caches) goes on in the
 * cgroup above.  Notes when it had to stay.
 */
export function playBackOutside({ files }: System, journal: Journal): readonly string[] {
  const entry = journal.outside();
  if (entry === undefined) return [];
  const isGone = removeCgroup(files, entry.folder, entry.parent);
  journal.clearOutside();
  return isGone ? [] : [`The cgroup ${entry.folder} could not be removed: processes in it cannot be moved.`];
}
