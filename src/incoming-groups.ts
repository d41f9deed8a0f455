/**
 * The groups that incoming agents run as: what they dial passes their own redirects, and is told by nothing but that.
 *
 * Several developers' agents in one network have a slot each, and so a group each; today there is one.  Nothing else has a
 * number up here: distributions, directories and OpenShift's ranges stay below.
 */
export const FIRST_GROUP = 1_900_000_000;
export const SLOTS = 1_000;

/** The slot of a process with that group; null when it is none of ours. */
export function slotOfGroup(group: number): number | null {
  const slot = group - FIRST_GROUP;
  return slot >= 0 && slot < SLOTS ? slot : null;
}
