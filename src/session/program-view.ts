/** What programs of this machine get for a name, by the search list that they read. */
import { encodeQuestion, isTruncated, readAnswer } from '../dns/question.ts';
import type { Resolver } from '../dns/resolver.ts';

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
  }
  return { addresses: [], failure };
}

/** As programs do: by UDP, and by TCP only what does not fit.  Many a small server listens to UDP alone. */
async function ask(resolver: Resolver, question: Uint8Array): Promise<Uint8Array | null> {
  const answer = await resolver.answer(question, 'udp');
  return answer !== null && isTruncated(answer) ? resolver.answer(question, 'tcp') : answer;
}
