/** What a program gets that asks the resolver. */
import { encodeQuestion, isTruncated, type OwnAnswer, readAnswer } from '../dns/question.ts';
import type { Resolver } from '../dns/resolver.ts';

/** What a program that asks the resolver for exactly this name would get: A first, AAAA where there is none. */
export async function lookUp(resolver: Resolver, name: string): Promise<OwnAnswer> {
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
