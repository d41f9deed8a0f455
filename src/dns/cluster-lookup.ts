/**
 * Asks the cluster for a name in each of its expanded forms.
 *
 * The first form is asked alone, the others at once after it: two round trips at most, and one query for what most
 * programs ask (a service of the pod's own namespace, a complete name).  Among the answers glibc's order decides
 * (res_nsearch): the first positive one; else NODATA if any form exists; else failure if any form could not be asked;
 * else NXDOMAIN.
 */
import { randomInt } from 'node:crypto';
import { NoAnswer } from './deadline.ts';
import { InFlightQuestions, questionKey, type Send } from './in-flight.ts';
import { isWithin } from '../names/name.ts';
import { encodeName, MAX_NAME_BYTES } from './wire-name.ts';
import type { Query } from './query.ts';
import { readRecords, type ResourceRecord } from './records.ts';
import { MAX_TTL_SECONDS } from './reply.ts';
import type { Suffix } from '../names/search-list.ts';
import { answersQuestion, HEADER_LENGTH, putUint16, RCODE, rcodeOf, TYPE } from './wire.ts';

/** For all forms of a name together, ms; with the agent away a program has its SERVFAIL within 2 s. */
export const CLUSTER_DEADLINE_MS = 1_800;
/** Answers kept, so that a program which asks for every request does not pay the way to the cluster each time. */
const CACHE_ENTRIES = 1_024;
/** Larger answers are not kept; 1,024 of these bound the cache at 4 MB. */
const CACHE_ANSWER_BYTES = 4_096;
/** A service that was just created must not stay unknown, seconds. */
const NEGATIVE_CACHE_SECONDS = 1;

export interface ClusterAnswer {
  readonly response: Uint8Array;
  readonly records: readonly ResourceRecord[];
  /** Seconds for which the answer may be used. */
  readonly ttl: number;
}

export type ClusterOutcome =
  /** The answer, and the form that it is for. */
  | { readonly kind: 'positive' | 'nodata'; readonly answer: ClusterAnswer; readonly suffix: Suffix }
  | { readonly kind: 'nxdomain'; readonly answer: ClusterAnswer | null; readonly suffix: Suffix }
  /** `answer` where the cluster's DNS itself said so (REFUSED, SERVFAIL), null where nothing came back. */
  | { readonly kind: 'failed'; readonly answer: ClusterAnswer | null; readonly suffix: Suffix };

interface Cached {
  readonly answer: ClusterAnswer;
  /** Milliseconds of the injected clock. */
  readonly expires: number;
}

export class ClusterLookup {
  readonly #send: Send;
  /** Milliseconds, monotonic. */
  readonly #now: () => number;
  readonly #inFlight = new InFlightQuestions();
  readonly #cache = new Map<string, Cached>();

  constructor(send: Send, now: () => number) {
    this.#send = send;
    this.#now = now;
  }

  /** Forgets what was learned; for a new agent, or new names. */
  flush(): void {
    this.#cache.clear();
  }

  /** Never rejects. */
  async lookup(query: Query, suffixes: readonly Suffix[], clusterDomain: string): Promise<ClusterOutcome> {
    const [first, ...others] = suffixes;
    if (first === undefined) return { kind: 'nxdomain', answer: null, suffix: '' };
    const deadline = this.#now() + CLUSTER_DEADLINE_MS;
    const outcomes = [await this.#ask(query, first, deadline)];
    if (!endsSearch(outcomes[0], query)) {
      const asked = others.map((suffix) => this.#ask(query, suffix, deadline));
      for (const each of asked) {
        const outcome = await each;
        outcomes.push(outcome);
        if (endsSearch(outcome, query)) break;
      }
    }
    const of = (kind: ClusterOutcome['kind']) => outcomes.find((outcome) => outcome.kind === kind);
    // A node's own suffix (`ec2.internal`) that its servers do not answer says nothing about the cluster's names.
    const relevant = (outcome: ClusterOutcome) => outcome.suffix === '' || isWithin(outcome.suffix, clusterDomain);
    const failed = outcomes.find((outcome) => outcome.kind === 'failed' && relevant(outcome));
    return of('positive') ?? of('nodata') ?? failed ?? of('nxdomain') ?? outcomes[0];
  }

  async #ask(query: Query, suffix: Suffix, deadline: number): Promise<ClusterOutcome> {
    const message = expandedQuery(query, suffix);
    if (message === null) return { kind: 'nxdomain', answer: null, suffix };
    const key = questionKey(message, '');
    const cached = this.#cache.get(key);
    const now = this.#now();
    if (cached !== undefined && cached.expires > now) {
      const ttl = Math.min(cached.answer.ttl, Math.ceil((cached.expires - now) / 1_000));
      return judge({ ...cached.answer, ttl }, suffix);
    }
    if (now >= deadline) return { kind: 'failed', answer: null, suffix };
    try {
      const questionEnd = query.questionEnd + suffixBytes(suffix);
      const response = await this.#inFlight.run(key, deadline - now, async (signal) => {
        const received = await this.#send(message, signal);
        if (!answersQuestion(received, message, questionEnd)) throw new NoAnswer('the answer is for another question');
        return received;
      });
      const answer = readAnswer(response, questionEnd);
      if (answer === null) return { kind: 'failed', answer: null, suffix };
      const outcome = judge(answer, suffix);
      this.#keep(key, outcome, answer);
      return outcome;
    } catch {
      // No agent, or none that answers in time: SERVFAIL tells the program so.
      return { kind: 'failed', answer: null, suffix };
    }
  }

  #keep(key: string, outcome: ClusterOutcome, answer: ClusterAnswer): void {
    if (outcome.kind === 'failed' || answer.response.length > CACHE_ANSWER_BYTES) return;
    const seconds = outcome.kind === 'positive' ? answer.ttl : Math.min(answer.ttl, NEGATIVE_CACHE_SECONDS);
    if (seconds === 0) return;
    // Oldest out first; a Map keeps the order of insertion.
    this.#cache.delete(key);
    const oldest = this.#cache.size >= CACHE_ENTRIES ? this.#cache.keys().next().value : undefined;
    if (oldest !== undefined) this.#cache.delete(oldest);
    this.#cache.set(key, { answer, expires: this.#now() + seconds * 1_000 });
  }
}

/**
 * A name that exists without an IPv6 address (or HTTPS record) is most of what a cluster has, and its next forms are other
 * hosts: the search ends there, as it does for getaddrinfo, which goes on only when a form has neither A nor AAAA.
 */
function endsSearch(outcome: ClusterOutcome | undefined, query: Query): boolean {
  if (outcome?.kind === 'nodata') return query.type === TYPE.AAAA || query.type === TYPE.HTTPS || outcome.suffix === '';
  return outcome?.kind === 'positive';
}

function judge(answer: ClusterAnswer, suffix: Suffix): ClusterOutcome {
  const rcode = rcodeOf(answer.response);
  if (rcode === RCODE.NXDOMAIN) return { kind: 'nxdomain', answer, suffix };
  if (rcode !== RCODE.NOERROR) return { kind: 'failed', answer, suffix };
  // As in res_nquery: any record in the answer section, so that a CNAME to a name elsewhere counts.
  const found = answer.records.some((record) => record.section === 'answer');
  return { kind: found ? 'positive' : 'nodata', answer, suffix };
}

function readAnswer(response: Uint8Array, questionEnd: number): ClusterAnswer | null {
  const records = readRecords(response, questionEnd);
  if (records === null) return null;
  let ttl = MAX_TTL_SECONDS;
  for (const record of records) if (record.section === 'answer') ttl = Math.min(ttl, record.ttl);
  return { response, records, ttl };
}

/** The query for the name with `suffix` behind it; null when that is not a legal name. */
function expandedQuery(query: Query, suffix: Suffix): Uint8Array | null {
  if (suffix === '') {
    const message = Uint8Array.from(query.message);
    putUint16(message, 0, randomInt(0x10000));
    return message;
  }
  const tail = encodeName(suffix);
  if (tail === null || query.nameEnd - 1 - HEADER_LENGTH + tail.length > MAX_NAME_BYTES) return null;
  const opt = query.edns === null ? new Uint8Array(0) : query.message.subarray(query.edns.start, query.edns.end);
  const message = Buffer.concat([
    query.message.subarray(0, query.nameEnd - 1),
    tail,
    query.message.subarray(query.nameEnd, query.questionEnd),
    opt,
  ]);
  putUint16(message, 0, randomInt(0x10000));
  putUint16(message, 6, 0);
  putUint16(message, 8, 0);
  putUint16(message, 10, opt.length === 0 ? 0 : 1);
  return message;
}

/** How many bytes the question grows by: each label has one length byte, as each label of the text has one dot. */
function suffixBytes(suffix: Suffix): number {
  return suffix === '' ? 0 : suffix.length + 1;
}
