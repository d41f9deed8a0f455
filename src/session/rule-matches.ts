/**
 * How often each rule has matched, so that a user sees that it did: flows that it led into the tunnel, and questions
 * that it decided.  What stays on the machine does so in the kernel and is never seen here.
 */
import type { RuleMatch } from '../control/answers.ts';
import { type NameRoutes, type Protocol, type Rule, type ScopedFilter, formatRule } from '../filter/index.ts';
import { parseAddress } from '../net/index.ts';
import type { Endpoint } from '../stack/index.ts';

/** Told apart at most; a filter of more entries than this is not read line by line. */
const MAX_RULES = 1_024;

interface Count {
  readonly side: RuleMatch['side'];
  readonly rule: string | null;
  readonly value: string;
  flows: number;
  questions: number;
}

export class RuleMatches {
  readonly #counts = new Map<string, Count>();

  /** A new flow that came by the TUN. */
  flow(protocol: Protocol, { host, port }: Endpoint, scoped: ScopedFilter, nameRoutes: NameRoutes): void {
    const named = nameRoutes.ruleFor(host, protocol, port);
    if (named !== undefined && scoped.filter.side === 'remote') {
      this.#count('cluster', named.rule).flows++;
      return;
    }
    const { rule, range } = scoped.decide({ names: [], address: parseAddress(host), port, protocol });
    this.#count('cluster', rule, range ?? host).flows++;
  }

  /** A question that a rule decided. */
  question(side: RuleMatch['side'], rule: Rule): void {
    this.#count(side, rule).questions++;
  }

  /** Those that matched, the most used first. */
  get list(): readonly RuleMatch[] {
    return [...this.#counts.values()].sort((a, b) => b.flows + b.questions - a.flows - a.questions);
  }

  #count(side: RuleMatch['side'], rule: Rule | null, range = ''): Count {
    const key = rule === null ? range : formatRule(rule);
    const found = this.#counts.get(key);
    if (found !== undefined) return found;
    const count = { side, rule: rule && key, value: rule?.text ?? range, flows: 0, questions: 0 };
    if (this.#counts.size < MAX_RULES) this.#counts.set(key, count);
    return count;
  }
}
