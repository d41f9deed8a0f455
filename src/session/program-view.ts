/** What programs of this machine get for a name, by the search list that they read. */
import { normalName } from '../names/name.ts';
import { encodeQuestion, isTruncated, readAnswer } from '../dns/question.ts';
import type { Resolver } from '../dns/resolver.ts';
import type { ProgramSearch } from '../machine/facts.ts';

export interface Looked {
  readonly addresses: readonly string[];
  readonly failure?: string;
}

/** What a program that asks the resolver for exactly this name would get: A first, AAAA where there is none. */
export async function lookUp(resolver: Resolver, name: string): Promise<Looked> {
  let failure = 'no answer';
  for (const type of ['A', 'AAAA'] as const) {
    const answer = await ask(resolver, encodeQuestion(name, type));
    const result = answer === null ? { addresses: [], failure } : readAnswer(answer);
    if (result.addresses.length > 0) return result;
    failure = result.failure ?? failure;
    // Who says nothing of one says nothing of the other, and each costs seconds.
    if (failure === 'SERVFAIL') break;
  }
  return { addresses: [], failure };
}

/** As programs do: by UDP, and by TCP only what does not fit.  Many a small server listens to UDP alone. */
async function ask(resolver: Resolver, question: Uint8Array): Promise<Uint8Array | null> {
  const answer = await resolver.answer(question, 'udp');
  return answer !== null && isTruncated(answer) ? resolver.answer(question, 'tcp') : answer;
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
