/**
 * HTTP/2 (RFC 9113), request by request.  Frames pass as they are until the first request is picked; from then on the
 * client's connection has two servers: main with its own frames, and the picked side behind a connection of ours.
 *
 * What cannot be read before that makes the connection blind: main gets every byte, and judges.  Afterwards it ends the
 * connection, since no other part can.
 */
import { Line } from '../line.ts';
import { LINGER_MS } from '../limits.ts';
import type { Split, SplitOptions } from '../options.ts';
import type { BytePipe } from '../pipe.ts';
import { Splice } from '../splice.ts';
import { BlockReader } from './block-reader.ts';
import type { RawBlock } from './block-reader.ts';
import { BodyJudge } from './body-judge.ts';
import { ClientRelay } from './client-relay.ts';
import { ClientSide } from './client-side.ts';
import { ERROR_CODES, Http2Error } from './error.ts';
import { factsOf } from './facts.ts';
import { PREFACE, SETTING, TYPE, writeGoaway } from './frame.ts';
import type { Frame } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import type { Block } from './hpack/block.ts';
import { Decoder } from './hpack/decoder.ts';
import { MAIN_QUEUE_LIMIT, MAX_FRAME_SIZE, SETTINGS_LIMIT } from './limits.ts';
import { MainSide } from './main-side.ts';
import type { PickedStream } from './picked-stream.ts';
import { PickedStreams } from './picked-streams.ts';

/** `lingering`: all is said, what the client still sends is dropped.  `over`: or left to a `Splice`. */
type Phase = 'verbatim' | 'split' | 'lingering' | 'over';

export class Http2Connection implements Split {
  readonly #options: SplitOptions;
  readonly #client: ClientSide;
  readonly #main: MainSide;
  readonly #picked: PickedStreams;
  readonly #relay: ClientRelay;
  readonly #reader = new FrameReader();
  readonly #blocks = new BlockReader();
  readonly #decoder = new Decoder();
  #phase: Phase = 'verbatim';
  /** Bytes of the preface that have not come. */
  #preface = PREFACE.length;
  /** The client's latest stream. */
  #last = 0;
  #judge: BodyJudge | null = null;
  /** A request waits until it is known whether the picked side can be dialled. */
  #isDialling = false;
  /** Frames that waited for one of these. */
  #backlog: Frame[] = [];
  /** The frames of the block that is being looked at. */
  #inHand: readonly Frame[] = [];
  #hasClientEnded = false;
  #hasMainEnded = false;
  #splice: Splice | null = null;
  #lingerTimer: NodeJS.Timeout | undefined;

  /** Takes over the handlers of both pipes. */
  constructor(options: SplitOptions, main: BytePipe) {
    this.#options = options;
    const { client } = options;
    this.#client = new ClientSide(new Line(client), () => this.#main.isBusy);
    this.#main = new MainSide(new Line(main), this.#client, {
      setting: (id, value) => this.#mainSetting(id, value),
      acknowledged: () => {
        this.#client.settings.acknowledge();
        this.#picked.windowChanged();
      },
    });
    this.#picked = new PickedStreams(this.#client, {
      dial: () => options.dialPicked('2'),
      turn: () => this.#turn(() => {}),
      failed: (stream, reason) => this.#failed(stream, reason),
    });
    this.#relay = new ClientRelay(this.#client, this.#main, this.#picked);
    this.#reader.maxLength = MAX_FRAME_SIZE;
    client.onData = (bytes) => this.#turn(() => this.#fromClient(bytes));
    client.onEnd = () => this.#turn(() => this.#clientEnded());
    client.onReset = () => this.#turn(() => this.#abort());
    client.onDrain = () => this.#drained(this.#client.line);
    main.onData = (bytes) => this.#turn(() => this.#fromMain(bytes));
    main.onEnd = () => this.#turn(() => this.#mainEnded(false));
    main.onReset = () => this.#turn(() => this.#mainEnded(true));
    main.onDrain = () => this.#drained(this.#main.line);
  }

  reset(): void {
    this.#splice?.reset();
    this.#turn(() => this.#abort());
  }

  /* ---- turns ---- */

  /** After every event: what is owed is sent, and a peer that sends too fast waits. */
  #turn(event: () => void): void {
    if (this.#phase !== 'over') event();
    let hasMoved = true;
    while (hasMoved && this.#phase !== 'over') {
      hasMoved = this.#phase === 'split' && this.#pump();
      this.#client.line.flush();
      this.#main.line.flush();
      this.#picked.flush();
      if (this.#client.line.isFull) break;
    }
    if (this.#phase !== 'over') this.#steer();
  }

  #drained(line: Line): void {
    line.isFull = false;
    this.#turn(() => {});
  }

  #steer(): void {
    const isClientFull = this.#client.line.isFull;
    const mustWait =
      // What it is answered must leave, too: PINGs, refusals.
      isClientFull ||
      this.#main.line.isFull ||
      this.#client.settings.waiting > SETTINGS_LIMIT ||
      (this.#isDialling && this.#reader.unread > 0);
    this.#client.line.flow(this.#phase === 'lingering' || !mustWait);
    this.#main.line.flow(!isClientFull && this.#main.queued < MAIN_QUEUE_LIMIT);
  }

  /** Main's frames and those of the picked streams in turns, as long as the client takes them. */
  #pump(): boolean {
    let hasMoved = false;
    for (let isMoving = true; isMoving && !this.#client.isFull;) {
      isMoving = this.#main.pump();
      if (!this.#client.isBusy) {
        this.#client.putLate();
        if (this.#picked.pump()) isMoving = true;
      }
      if (isMoving) hasMoved = true;
    }
    this.#client.tellCredits();
    if (this.#hasMainEnded && this.#main.isDelivered) this.#endWithoutMain();
    return hasMoved;
  }

  /* ---- the client ---- */

  #fromClient(bytes: Buffer): void {
    if (this.#phase === 'lingering') return;
    const preface = Math.min(this.#preface, bytes.length);
    this.#preface -= preface;
    this.#main.line.put(bytes, 0, preface);
    this.#reader.feed(bytes.subarray(preface));
    this.#read();
  }

  #read(): void {
    try {
      while ((this.#phase === 'verbatim' || this.#phase === 'split') && !this.#isDialling) {
        const frame = this.#backlog.shift() ?? this.#reader.next();
        if (frame === null) break;
        if (this.#judge === null) this.#receive(frame);
        else this.#collect(this.#judge, frame);
      }
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#broken(error);
    }
  }

  #receive(frame: Frame): void {
    if (this.#blocks.isInside || frame.type === TYPE.HEADERS || frame.type === TYPE.CONTINUATION)
      this.#receiveBlock(frame);
    else this.#relay.receive(frame);
  }

  #receiveBlock(frame: Frame): void {
    const raw = this.#blocks.add(frame);
    if (raw === null) return;
    this.#inHand = raw.frames;
    const block = this.#decoder.decode(raw.bytes);
    const isRequest = raw.stream % 2 === 1 && raw.stream > this.#last;
    if (isRequest) this.#judgeHead(raw, block);
    else this.#relay.passTrailers(raw, block);
    this.#inHand = [];
  }

  /* ---- where a request goes ---- */

  #judgeHead(raw: RawBlock, block: Block): void {
    this.#last = raw.stream;
    const verdict = raw.stream > this.#main.limit ? 'no-match' : this.#options.filter.judge(factsOf(block));
    if (verdict !== 'body') return this.#begin(raw, block, verdict === 'match');
    if (raw.isEnd) return this.#begin(raw, block, this.#options.filter.judgeBody(Buffer.alloc(0)));
    const judge = new BodyJudge(raw, block, () => this.#turn(() => this.#unjudged(judge)));
    this.#judge = judge;
    this.#reader.holdsPadded = true;
  }

  #collect(judge: BodyJudge, frame: Frame): void {
    judge.add(frame);
    if (judge.isLost) this.#judged(judge, false);
    else if (judge.isWhole) this.#judged(judge, this.#options.filter.judgeBody(judge.body));
  }

  #judged(judge: BodyJudge, isPicked: boolean): void {
    judge.stop();
    this.#judge = null;
    this.#backlog = [...judge.frames, ...this.#backlog];
    this.#begin(judge.raw, judge.head, isPicked);
  }

  /** There is no more of the body to wait for. */
  #unjudged(judge: BodyJudge): void {
    this.#judged(judge, false);
    this.#read();
  }

  #begin(raw: RawBlock, block: Block, isPicked: boolean): void {
    const { method, target } = factsOf(block);
    this.#options.onRequest({ version: '2', method, target, isPicked });
    if (!isPicked) this.#beginAtMain(raw, block);
    else if (this.#options.fallback === 'main' && !this.#picked.isConnected) this.#dialFirst(raw, block);
    else this.#beginPicked(raw, block);
  }

  #beginAtMain(raw: RawBlock, block: Block): void {
    this.#main.opened(raw.stream, raw.isEnd);
    this.#relay.passBlock(raw, block);
  }

  #beginPicked(raw: RawBlock, block: Block): void {
    if (this.#phase === 'verbatim') {
      this.#phase = 'split';
      this.#main.split();
      this.#relay.split();
      this.#reader.holdsPadded = true;
    }
    this.#main.picked(raw.stream);
    this.#picked.begin(raw.stream, block, raw.isEnd);
  }

  /** Main takes streams in their order only: whether it gets this one has to be known before the next. */
  #dialFirst(raw: RawBlock, block: Block): void {
    this.#isDialling = true;
    const settled = (act: () => void): void =>
      this.#turn(() => {
        this.#isDialling = false;
        act();
        this.#read();
        if (this.#hasClientEnded) this.#passEnd();
      });
    this.#options.dialPicked('2').then(
      (pipe) => {
        if (this.#phase === 'over' || this.#phase === 'lingering') return pipe.reset();
        settled(() => {
          this.#picked.use(Promise.resolve(pipe));
          this.#beginPicked(raw, block);
        });
      },
      (error: unknown) =>
        settled(() => {
          const { method, target } = factsOf(block);
          const reason = error instanceof Error ? error.message : String(error);
          this.#options.onFailure({ version: '2', method, target, reason, fellBack: true });
          this.#beginAtMain(raw, block);
        }),
    );
  }

  #failed({ head }: PickedStream, reason: string): void {
    const { method, target } = factsOf(head);
    this.#options.onFailure({ version: '2', method, target, reason, fellBack: false });
  }

  /* ---- main ---- */

  #fromMain(bytes: Buffer): void {
    if (this.#phase === 'lingering') return;
    const { reader } = this.#main;
    reader.feed(bytes);
    try {
      for (let frame = reader.next(); frame !== null; frame = reader.next()) this.#main.receive(frame);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      if (this.#phase === 'verbatim') this.#goBlind();
      else this.#end(ERROR_CODES.INTERNAL_ERROR);
    }
  }

  #mainSetting(id: number, value: number): void {
    if (id === SETTING.HEADER_TABLE_SIZE) this.#decoder.allow(value);
    // A higher one counts from now on; what a lower one forbids may be on its way.
    else if (id === SETTING.MAX_FRAME_SIZE)
      this.#reader.maxLength = Math.max(this.#reader.maxLength ?? MAX_FRAME_SIZE, value);
  }

  /* ---- the end ---- */

  #clientEnded(): void {
    this.#hasClientEnded = true;
    if (this.#phase === 'lingering') return this.#over();
    if (this.#judge !== null) this.#unjudged(this.#judge);
    if (!this.#isDialling) this.#passEnd();
  }

  #passEnd(): void {
    if (this.#phase === 'verbatim') {
      // Half a frame is main's, too.
      for (const frame of this.#blocks.takeFrames()) this.#relay.pass(frame);
      this.#main.line.put(this.#reader.takeUnread());
    }
    if (this.#phase !== 'over') this.#main.line.end();
  }

  #mainEnded(wasReset: boolean): void {
    if (this.#hasMainEnded) return;
    this.#hasMainEnded = true;
    if (this.#phase !== 'verbatim') return;
    if (wasReset) this.#abort();
    else this.#goBlind();
  }

  /** What it still sent is out; streams of the picked side go on to their ends. */
  #endWithoutMain(): void {
    // Inside a frame or block nothing else can follow.
    if (this.#main.isBusy) return this.#finish();
    for (const reset of this.#main.abandon()) this.#client.line.put(reset);
    if (this.#main.limit === Infinity) {
      this.#main.limit = this.#last;
      this.#client.line.put(writeGoaway(this.#last, ERROR_CODES.NO_ERROR));
    }
    if (this.#picked.isEmpty) this.#finish();
  }

  /** What the client sends cannot be read. */
  #broken(error: Http2Error): void {
    if (this.#phase === 'verbatim') this.#goBlind();
    else this.#end(error.code);
  }

  /** Every byte that has not gone on is main's, or the client's, and so are all that follow. */
  #goBlind(): void {
    const held = [...this.#inHand, ...this.#blocks.takeFrames(), ...(this.#judge?.frames ?? []), ...this.#backlog];
    for (const frame of held) this.#relay.pass(frame);
    this.#main.line.put(this.#reader.takeUnread());
    this.#client.line.put(this.#main.reader.takeUnread());
    this.#stop();
    this.#splice = new Splice(
      { line: this.#client.line, hasHungUp: this.#hasClientEnded },
      { line: this.#main.line, hasHungUp: this.#hasMainEnded },
      () => this.#options.onOver(),
    );
  }

  #end(code: number): void {
    this.#client.put(writeGoaway(this.#last, code));
    this.#finish();
  }

  /** All is said; the client may still be reading. */
  #finish(): void {
    this.#client.line.end();
    this.#dropSides();
    this.#phase = 'lingering';
    if (this.#hasClientEnded) this.#over();
    else this.#lingerTimer = setTimeout(() => this.#turn(() => this.#abort()), LINGER_MS);
  }

  #abort(): void {
    this.#options.client.reset();
    this.#dropSides();
    this.#over();
  }

  #dropSides(): void {
    this.#picked.close();
    if (!this.#hasMainEnded || !this.#main.line.hasEnded) this.#main.line.pipe.reset();
  }

  #over(): void {
    this.#stop();
    this.#options.onOver();
  }

  #stop(): void {
    this.#phase = 'over';
    this.#judge?.stop();
    this.#picked.close();
    clearTimeout(this.#lingerTimer);
  }
}
