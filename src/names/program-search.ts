/** What programs of this machine make of a name, by the search list that they read (resolv.conf(5), nss-resolve(8)).  Pure. */
import { normalName } from './name.ts';

/** How programs on the machine look for a name as things are, a session's part included. */
export interface ProgramSearch {
  /** The search list of resolv.conf, in order, and its `ndots`. */
  readonly search: readonly string[];
  readonly ndots: number;
  /** resolv.conf names the stub of systemd-resolved, which answers no name of one label. */
  readonly isStub: boolean;
  /**
   * What systemd-resolved puts behind a name of one label for programs of glibc, which ask it past resolv.conf
   * (nss-resolve): all of it at once, and the first answer counts.  Null where they do not.
   */
  readonly ofGlibc: readonly string[] | null;
}

export interface ProgramForm {
  /** The name that programs get an answer to: itself, or with a suffix.  Null when they ask for nothing that has one. */
  readonly name: string | null;
  /** Another form that has one, and is answered as likely as not. */
  readonly rival?: string;
}

/**
 * What programs make of `name`.  `ours`: the cluster's suffixes for this machine's search list.  Where glibc and others go
 * different ways, glibc's.
 */
export async function programForm(
  name: string,
  program: ProgramSearch,
  ours: readonly string[],
  exists: Exists,
): Promise<ProgramForm> {
  const forms = formsOf(name, program);
  const found = program.ofGlibc === null ? await firstOf(forms, exists) : await allOf(forms, exists);
  const isOurs = (form: string): boolean => ours.some((suffix) => form === `${name}.${suffix}`);
  const first = found.find(isOurs) ?? found[0];
  if (first === undefined) return { name: forms.includes(name) ? name : null };
  const rival = found.find((form) => isOurs(form) !== isOurs(first));
  // The same host, as a rule, which the name alone means here, too.
  const told = isOurs(first) && (await exists(name)) ? name : first;
  return { name: told, ...(rival === undefined ? {} : { rival }) };
}

type Exists = (form: string) => Promise<boolean>;

async function firstOf(forms: readonly string[], exists: Exists): Promise<readonly string[]> {
  for (const form of forms) if (await exists(form)) return [form];
  return [];
}

async function allOf(forms: readonly string[], exists: Exists): Promise<readonly string[]> {
  const are = await Promise.all(forms.map(exists));
  return forms.filter((_form, i) => are[i]);
}

/** What is asked for, in order. */
function formsOf(name: string, { search, ndots, isStub, ofGlibc }: ProgramSearch): readonly string[] {
  const dots = name.split('.').length - 1;
  const longer = (list: readonly string[]): readonly string[] => list.map((suffix) => `${name}.${normalName(suffix)}`);
  if (ofGlibc !== null) return dots === 0 ? longer(ofGlibc) : [name];
  const forms = dots >= ndots ? [name, ...longer(search)] : [...longer(search), name];
  return isStub ? forms.filter((form) => form.includes('.')) : forms;
}

/** The one label that a program may have been told, when it asks for `name` with a suffix that it tries before `ours`. */
export function searchedLabel(name: string, search: readonly string[], ours: readonly string[]): string | undefined {
  const end = search.findIndex((suffix) => ours.includes(normalName(suffix)));
  const first = end < 0 ? search : search.slice(0, end);
  const labels = first.map(normalName).flatMap((suffix) => {
    return name.endsWith(`.${suffix}`) ? [name.slice(0, -suffix.length - 1)] : [];
  });
  return labels.find((label) => !label.includes('.'));
}
