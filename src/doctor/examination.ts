import { MirrordError } from '../errors.ts';
import { type Check, type DoctorContext, type Finding, type State, type Verdict, failed, skipped } from './check.ts';

/** Runs checks one after the other and remembers how they went, since later ones build on earlier ones. */
export class Examination {
  readonly #context: DoctorContext;
  readonly #states = new Map<string, State>();

  constructor(context: DoctorContext) {
    this.#context = context;
  }

  /** Yields each finding as it is there.  May be called again with further checks. */
  async *run(checks: readonly Check[], signal: AbortSignal): AsyncGenerator<Finding> {
    for (const check of checks) {
      const verdict = await this.#verdict(check, signal);
      this.#states.set(check.id, verdict.state);
      yield { id: check.id, title: check.title, ...verdict };
    }
  }

  async #verdict(check: Check, signal: AbortSignal): Promise<Verdict> {
    const missing = check.needs.find((id) => !['ok', 'warning'].includes(this.#states.get(id) ?? 'skipped'));
    if (missing !== undefined) return skipped(`cannot be checked without ${missing}`);
    try {
      const verdict = await check.run(this.#context, signal);
      return check.isOptional === true && verdict.state === 'failed' ? { ...verdict, state: 'warning' } : verdict;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return failed(detail, error instanceof MirrordError ? (error.help ?? '') : '');
    }
  }
}
