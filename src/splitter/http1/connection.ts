/**
 * HTTP/1.1, request by request.  The client's bytes go on as they are, to one of two sides; answers come back as they are,
 * in the order of the requests, since a request for the other side waits until the one before has its answer.
 *
 * Main is dialled at once and gets whatever is not plain HTTP in one reading only, from that byte on and for good
 * (`Splice`): a protocol whose server speaks first, an upgrade, an attack on readers that differ.
 */
import { HEAD_WAIT_MS, LINGER_MS, PIPELINE_LIMIT, START_LINE_WAIT_MS } from '../limits.ts';
import { Line } from '../line.ts';
import type { Split, SplitOptions } from '../options.ts';
import type { BytePipe } from '../pipe.ts';
import { Splice } from '../splice.ts';
import { BodyJudge } from './body-judge.ts';
import { PickedSide } from './picked-side.ts';
import { refusal } from './refusal.ts';
import { RequestReader } from './request-reader.ts';
import type { RequestHead } from './request-head.ts';
import type { RequestStep, Run } from './request-reader.ts';
import { Side } from './side.ts';

type HeadStep = Extract<RequestStep, { kind: 'head' }>;

/** `lingering`: the last answer is out, what the client still sends is dropped.  `over`: or left to a `Splice`. */
type Phase = 'http' | 'lingering' | 'over';

export class Http1Connection implements Split {
  readonly #options: SplitOptions;
  readonly #client: Line;
  readonly #requests = new RequestReader();
  readonly #picked: PickedSide;
  #main: Side;
  /** Main cannot be used any more; the next request for it dials again. */
  #isMainGone = false;
  #phase: Phase = 'http';
  /** Whose the latest request was.  Only this side has a say in the client's connection. */
  #last: 'main' | 'picked' = 'main';
  /** A request for the other side, until the one before is answered. */
  #waiting: HeadStep | null = null;
  #judge: BodyJudge | null = null;
  /** The latest request may end HTTP here: what follows waits for its answer. */
  #mayUpgrade = false;
  #hasClientEnded = false;
  #splice: Splice | null = null;
  #headTimer: NodeJS.Timeout | undefined;
  /** It runs for the fields, no longer for the first line. */
  #awaitsFields = false;
  #lingerTimer: NodeJS.Timeout | undefined;

  /** Takes over the handlers of both pipes. */
  constructor(options: SplitOptions, main: BytePipe) {
    this.#options = options;
    const { client } = options;
    this.#client = new Line(client);
    client.onData = (bytes) => this.#turn(() => this.#fromClient(bytes));
    client.onEnd = () => this.#turn(() => this.#clientEnded());
    client.onReset = () => this.#turn(() => this.#abort());
    client.onDrain = () =>
      this.#turn(() => {
        this.#client.isFull = false;
      });
    this.#main = this.#mainOn(main);
    this.#picked = new PickedSide(() => options.dialPicked('1.1'), {
      data: (side, bytes) => this.#turn(() => this.#fromPicked(side, bytes)),
      completed: () => this.#turn(() => this.#pickedAnswered(true)),
      cut: (wasReset) => this.#turn(() => (wasReset ? this.#abort() : this.#finish())),
      failed: (...failure) => this.#turn(() => this.#failed(...failure)),
      drained: () => this.#turn(() => {}),
    });
  }

  reset(): void {
    this.#splice?.reset();
    this.#turn(() => this.#abort());
  }

  /** After every event: what is owed is sent, and a peer that sends too fast waits. */
  #turn(event: () => void): void {
    if (this.#phase !== 'over') event();
    if (this.#phase === 'over') return;
    const picked = this.#picked.side?.line;
    this.#client.flush();
    this.#main.line.flush();
    picked?.flush();
    this.#client.flow(this.#phase === 'lingering' || !this.#mustClientWait);
    this.#main.line.flow(!this.#client.isFull);
    picked?.flow(!this.#client.isFull);
  }

  get #mustClientWait(): boolean {
    const isFull = this.#last === 'main' ? this.#main.line.isFull : this.#picked.isFull;
    return isFull || (this.#holds && this.#requests.unread > 0);
  }

  /* ---- the client ---- */

  #fromClient(bytes: Buffer): void {
    if (this.#phase !== 'http') return;
    this.#requests.feed(bytes);
    this.#read();
  }

  #clientEnded(): void {
    this.#hasClientEnded = true;
    if (this.#judge !== null) this.#judged(this.#judge, false);
    this.#passEnd();
  }

  /** The client's FIN, once everything before it has gone on. */
  #passEnd(): void {
    if (!this.#hasClientEnded || this.#holds) return;
    if (this.#phase === 'lingering') return this.#over();
    if (this.#phase === 'over') return;
    if (this.#requests.unread > 0) return this.#spliceWith(this.#usableMain());
    this.#main.line.end();
    if (this.#last === 'main') return;
    if (!this.#requests.isBetween) this.#picked.side?.line.end();
    else if (!this.#picked.isBusy) this.#finish();
  }

  /** Requests must wait for an answer. */
  get #holds(): boolean {
    if (this.#waiting !== null) return true;
    if (this.#phase !== 'http' || !this.#requests.isBetween) return false;
    if (this.#last === 'picked') return this.#picked.isBusy;
    const { owed } = this.#main.answers;
    return owed >= PIPELINE_LIMIT || (owed > 0 && this.#mayUpgrade);
  }

  #read(): void {
    while (this.#phase === 'http' && !this.#holds) {
      const step = this.#requests.next(this.#judge?.sink);
      if (step === null) break;
      if (step.kind === 'head') this.#judgeHead(step);
      else if (step.kind === 'malformed') this.#malformed();
      else if (this.#judge !== null) this.#judgeBody(this.#judge, step.run);
      else this.#put(step.run);
    }
    const isPartial = this.#phase === 'http' && !this.#holds && this.#requests.unread > 0;
    if (isPartial) this.#awaitHead();
    else this.#clearHeadTimer();
  }

  /** What does not become a head in time is main's, as it is. */
  #awaitHead(): void {
    const { hasStartLine } = this.#requests;
    if (this.#headTimer !== undefined && hasStartLine === this.#awaitsFields) return;
    this.#clearHeadTimer();
    this.#awaitsFields = hasStartLine;
    const late = (): void => this.#turn(() => this.#spliceWith(this.#usableMain()));
    this.#headTimer = setTimeout(late, hasStartLine ? HEAD_WAIT_MS : START_LINE_WAIT_MS);
  }

  #clearHeadTimer(): void {
    clearTimeout(this.#headTimer);
    this.#headTimer = undefined;
  }

  #judgeHead(step: HeadStep): void {
    const { head, run } = step;
    const verdict = this.#options.filter.judge(head);
    const isPicked = verdict === 'match';
    if (verdict !== 'no-match' && this.#main.answers.owed > 0 && this.#last === 'main') this.#waiting = step;
    else if (verdict !== 'body') this.#begin(head, isPicked, [run]);
    else if (head.body === 0) this.#begin(head, this.#options.filter.judgeBody(Buffer.alloc(0)), [run]);
    else {
      const judge = new BodyJudge(head, run, () => this.#turn(() => this.#judged(judge, false)));
      this.#judge = judge;
    }
  }

  #judgeBody(judge: BodyJudge, run: Run): void {
    judge.add(run);
    if (judge.isTooLong) this.#judged(judge, false);
    else if (this.#requests.isBetween) this.#judged(judge, this.#options.filter.judgeBody(judge.body));
  }

  #judged(judge: BodyJudge, isPicked: boolean): void {
    judge.stop();
    this.#judge = null;
    this.#begin(judge.head, isPicked, judge.runs);
  }

  #begin(head: RequestHead, isPicked: boolean, runs: readonly Run[]): void {
    const { method, target } = head;
    this.#options.onRequest({ version: '1.1', method, target, isPicked });
    this.#mayUpgrade = head.mayUpgrade;
    this.#last = isPicked ? 'picked' : 'main';
    if (isPicked) this.#picked.begin(head);
    else this.#usableMain().begin(head);
    for (const run of runs) this.#put(run);
  }

  #put(run: Run): void {
    if (this.#last === 'main') this.#main.put(run);
    else this.#picked.put(run);
  }

  #malformed(): void {
    if (this.#judge !== null) this.#judged(this.#judge, false);
    // Main decides what it is, unless its beginning has gone to the other side: then it is not a request at all.
    else if (this.#requests.isBetween || this.#last === 'main') this.#spliceWith(this.#usableMain());
    else this.#abort();
  }

  /* ---- main ---- */

  #mainOn(pipe: BytePipe): Side {
    const side: Side = new Side(pipe, {
      data: (bytes) => this.#turn(() => this.#fromMain(side, bytes)),
      hungUp: () => this.#turn(() => this.#mainEnded(side)),
      lost: () => this.#turn(() => this.#mainLost(side)),
      drained: () => this.#turn(() => {}),
    });
    return side;
  }

  #usableMain(): Side {
    if (this.#isMainGone) {
      this.#isMainGone = false;
      this.#main = this.#mainOn(this.#options.dialMain());
    }
    return this.#main;
  }

  #fromMain(side: Side, bytes: Buffer): void {
    // Unasked, on a connection that the client does not use: a time-out's 408, for example.
    if (this.#last !== 'main') return this.#dropMain(side);
    switch (side.answers.push(bytes, (passed) => this.#client.put(passed))) {
      case 'answered':
        return this.#proceed();
      case 'unasked':
        this.#client.put(side.answers.takeRest());
        return this.#proceed();
      case 'switched':
      case 'malformed':
        return this.#spliceWith(side);
      case 'more':
    }
  }

  #mainEnded(side: Side): void {
    if (this.#last === 'main') this.#spliceWith(side);
    else this.#dropMain(side);
  }

  #mainLost(side: Side): void {
    if (this.#last === 'main') this.#abort();
    else this.#dropMain(side);
  }

  #dropMain(side: Side): void {
    if (side !== this.#main || this.#isMainGone) return;
    this.#isMainGone = true;
    side.reset();
  }

  /* ---- the picked side ---- */

  #fromPicked(side: Side, bytes: Buffer): void {
    switch (side.answers.push(bytes, (passed) => this.#client.put(passed))) {
      case 'answered':
        return this.#pickedAnswered(side.answers.closes);
      case 'switched':
        return this.#spliceWith(side);
      case 'unasked':
        this.#picked.hangUp();
        return this.#pickedAnswered(side.answers.closes);
      case 'malformed':
        if (side.answers.hasBegun) return this.#abort();
        return this.#picked.fail('what came back is not HTTP');
      case 'more':
    }
  }

  #pickedAnswered(closes: boolean): void {
    this.#picked.finish();
    if (closes) this.#finish();
    else this.#proceed();
  }

  #failed(head: RequestHead, reason: string, replay: readonly Run[] | null): void {
    const { method, target } = head;
    const fellBack = replay !== null && this.#options.fallback === 'main';
    this.#options.onFailure({ version: '1.1', method, target, reason, fellBack });
    if (fellBack) {
      this.#last = 'main';
      this.#usableMain().begin(head);
      for (const run of replay) this.#main.put(run);
      return;
    }
    const isWhole = this.#requests.isBetween;
    this.#client.put(refusal(head, reason, !isWhole));
    if (isWhole) this.#proceed();
    else this.#finish();
  }

  /* ---- the end ---- */

  /** Nothing is owed by the side that was asked last: what waited goes on. */
  #proceed(): void {
    if (this.#holds && this.#waiting === null) return;
    const step = this.#waiting;
    this.#waiting = null;
    if (step !== null) this.#judgeHead(step);
    this.#read();
    this.#passEnd();
  }

  /** From here on bytes are only carried, between the client and this side. */
  #spliceWith(side: Side): void {
    this.#client.put(side.answers.takeRest());
    if (this.#waiting !== null) side.put(this.#waiting.run);
    side.line.put(this.#requests.takeUnread());
    this.#stop();
    if (side === this.#main) this.#picked.close();
    else this.#dropMain(this.#main);
    this.#splice = new Splice(
      { line: this.#client, hasHungUp: this.#hasClientEnded },
      { line: side.line, hasHungUp: side.hasHungUp },
      () => this.#options.onOver(),
    );
  }

  /** No more answers come; the client may still be reading. */
  #finish(): void {
    this.#client.end();
    this.#dropMain(this.#main);
    this.#picked.close();
    this.#phase = 'lingering';
    if (this.#hasClientEnded) this.#over();
    else this.#lingerTimer = setTimeout(() => this.#turn(() => this.#abort()), LINGER_MS);
  }

  #abort(): void {
    this.#options.client.reset();
    this.#dropMain(this.#main);
    this.#picked.close();
    this.#over();
  }

  #over(): void {
    this.#stop();
    this.#options.onOver();
  }

  #stop(): void {
    this.#phase = 'over';
    this.#judge?.stop();
    clearTimeout(this.#headTimer);
    clearTimeout(this.#lingerTimer);
  }
}
